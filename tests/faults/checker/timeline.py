"""What was done to the mesh and when, and what people noticed of each fault."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.journal import Entry, Journal, Kind

_NOTICED_SECONDS = 1.0
"""A send or a delivery that takes longer was disturbed."""


class Hurt(StrEnum):
    """What is done to a part."""

    KILL = "kill -9"
    """And it is started again at the end of the fault, as a supervisor does."""
    STOP = "stop"
    """SIGSTOP: it keeps its connections and answers nothing; SIGCONT at the end."""
    RESTART = "restart"
    """SIGTERM, and started again at once."""
    CUT = "cut off"
    """Its network is gone, in both directions, until the end."""
    NOTHING = "nothing"
    """A time to compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What was done, and when."""

    hurt: Hurt
    parts: tuple[str, ...]
    began: float
    ended: float
    """When it was undone: the process runs again, or has its network back."""
    served: float
    """When all parts said again that they serve."""
    failed: str = ""
    """Why it could not be done, or the parts did not come back."""

    @property
    def name(self) -> str:
        return f"{self.hurt} {' + '.join(self.parts)}".strip()

    @property
    def kind(self) -> str:
        """What was hurt, whichever of its nodes it was and however."""
        kinds = [part.rpartition("-")[0] for part in self.parts]
        return kinds[0] if len(kinds) == 1 else "two parts at once" if kinds else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What people noticed of one fault, from its beginning to that of the next. Times in seconds."""

    fault: str
    seconds: float
    """From its beginning to its end."""
    acknowledged: int
    lost: int
    doubled: int
    misordered: int
    others: int
    """Findings of all other kinds."""
    send_pause: float
    """The longest that one client waited for one acknowledgement, retries and all."""
    delivery_pause: float
    """The longest from an acknowledgement to a listening device."""
    heal: float
    """From the beginning until the last send or delivery that took longer than a second was done; 0: none did."""
    served: float
    """From the end until its parts served again."""


def rows(journal: Journal, faults: Sequence[Fault], findings: Iterable[Finding]) -> list[Row]:
    """One for each fault, in order; what happened before the first one counts for none."""
    found = list(findings)
    waits, deliveries = _waits(journal), _deliveries(journal)
    ends = [fault.began for fault in faults[1:]] + [float("inf")]
    return [_row(fault, until, waits, deliveries, found) for fault, until in zip(faults, ends, strict=True)]


def by_kind(faults: Sequence[Fault], lines: Sequence[Row]) -> list[Row]:
    """One row for each kind of fault, of the `rows` of these faults: numbers added up, of times the longest."""
    kinds: dict[str, list[Row]] = {}
    for fault, line in zip(faults, lines, strict=True):
        kinds.setdefault(fault.kind, []).append(line)
    return [_merged(f"{kind} ×{len(same)}", same) for kind, same in sorted(kinds.items())]


def _merged(name: str, lines: Sequence[Row]) -> Row:
    return Row(
        fault=name,
        seconds=max(line.seconds for line in lines),
        acknowledged=sum(line.acknowledged for line in lines),
        lost=sum(line.lost for line in lines),
        doubled=sum(line.doubled for line in lines),
        misordered=sum(line.misordered for line in lines),
        others=sum(line.others for line in lines),
        send_pause=max(line.send_pause for line in lines),
        delivery_pause=max(line.delivery_pause for line in lines),
        heal=max(line.heal for line in lines),
        served=max(line.served for line in lines),
    )


@dataclass(frozen=True, slots=True)
class _Wait:
    begun: float
    done: float

    @property
    def seconds(self) -> float:
        return max(0.0, self.done - self.begun)


def _row(
    fault: Fault, until: float, waits: Sequence[_Wait], deliveries: Sequence[_Wait], findings: Sequence[Finding]
) -> Row:
    def within(at: float) -> bool:
        return fault.began <= at < until

    # A send that was under way when the fault began is hit by it.
    mine = [wait for wait in waits if within(wait.begun) or wait.begun < fault.began < wait.done]
    told = [wait for wait in deliveries if within(wait.begun) or wait.begun < fault.began < wait.done]
    late = [wait.done for wait in (*mine, *told) if wait.seconds > _NOTICED_SECONDS and wait.done > fault.began]
    wrong = [finding.wrong for finding in findings if within(finding.at)]
    main = {Wrong.LOST, Wrong.DOUBLED, Wrong.MISORDERED}
    return Row(
        fault=fault.name,
        seconds=fault.ended - fault.began,
        acknowledged=sum(within(wait.done) for wait in waits),
        lost=wrong.count(Wrong.LOST),
        doubled=wrong.count(Wrong.DOUBLED),
        misordered=wrong.count(Wrong.MISORDERED),
        others=sum(each not in main for each in wrong),
        send_pause=max((wait.seconds for wait in mine), default=0.0),
        delivery_pause=max((wait.seconds for wait in told), default=0.0),
        heal=max((done - fault.began for done in late), default=0.0),
        served=fault.served - fault.ended,
    )


def _waits(journal: Journal) -> list[_Wait]:
    begun = journal.begun
    return [_Wait(begun[sent.send].at, sent.at) for sent in journal.of(Kind.SENT) if sent.send in begun]


def _deliveries(journal: Journal) -> list[_Wait]:
    """From the acknowledgement of a message, or the device's first being live, to each listening device."""
    sent: Mapping[tuple[str, str], Entry] = {(item.user, item.send): item for item in journal.of(Kind.SENT)}
    waits: list[_Wait] = []
    for device, live in journal.listeners.items():
        for item in journal.by_device[device]:
            answer = sent.get((item.sender, item.send)) if item.kind == Kind.HEARD else None
            if answer is not None and answer.at > live.at:
                waits.append(_Wait(answer.at, item.at))
    return waits


def write_faults(faults: Iterable[Fault], path: Path) -> None:
    path.write_text("".join(json.dumps(asdict(fault)) + "\n" for fault in faults))


def read_faults(path: Path) -> list[Fault]:
    items = [json.loads(line) for line in path.read_text().splitlines()]
    return [Fault(**{**item, "hurt": Hurt(item["hurt"]), "parts": tuple(item["parts"])}) for item in items]
