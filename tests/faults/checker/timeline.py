"""The faults of a run with their times, and their effects on clients."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Entry, Kind, Recording

_NOTICED_SECONDS = 1.0
"""A send or a delivery that takes longer was disturbed."""


class Action(StrEnum):
    """How a part fails."""

    KILL = "kill -9"
    """Kill it; start it again at the end of the fault, like a supervisor."""
    STOP = "stop"
    """SIGSTOP: it keeps its connections and answers nothing. SIGCONT at the end."""
    RESTART = "restart"
    """SIGTERM, and start it again at once."""
    CUT = "cut off"
    """Cut its network in both directions until the end."""
    POWER_CUT = "power cut"
    """Kill it, and return its disk to what was synced; start it again at the end of the fault."""
    CLOCK = "clock"
    """Its wall clock is wrong until the end."""
    LOST_LOG = "lost log"
    """All brokers lose their data."""
    RESTORED_LOG = "restored log"
    """The data of all brokers is replaced by a copy from the start of the fault."""
    POWER_CUT_OF_ALL = "power cut of all brokers"
    """All brokers lose power at once. They sync rarely, because each record is on two of them."""
    NOTHING = "nothing"
    """A time without a fault, for comparison."""


LOG_LOSSES = frozenset({Action.LOST_LOG, Action.RESTORED_LOG, Action.POWER_CUT_OF_ALL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault and its times."""

    action: Action
    parts: tuple[str, ...]
    began: float
    ended: float
    """When it was undone: the process runs again, or its network works again."""
    served: float
    """When all parts served again."""
    detail: str = ""
    """Kind and size of the action, for example the direction of a clock."""
    failed: str = ""
    """Why the fault could not be injected, or why the parts did not recover."""
    unreported: str = ""
    """The report that Chatly owes about the fault and did not give."""

    @property
    def name(self) -> str:
        parts = "" if self.action in LOG_LOSSES else " + ".join(self.parts)
        return " ".join(text for text in (self.action, self.detail, parts) if text)

    @property
    def kind(self) -> str:
        """Kind of part, whatever its node and the kind of fault; clocks and log losses are kinds by themselves."""
        if self.action is Action.CLOCK or self.action in LOG_LOSSES:
            return self.action
        kinds = [part.rpartition("-")[0] for part in self.parts]
        return kinds[0] if len(kinds) == 1 else "two parts at once" if kinds else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Effects of one fault, from its start to the start of the next. Times in seconds."""

    fault: str
    seconds: float
    """From its start to its end."""
    acknowledged: int
    lost: int
    doubled: int
    misordered: int
    others: int
    """Findings of all other kinds."""
    reported: int
    """Acknowledged messages that only the lost log had, and whose loss Chatly reported."""
    send_pause: float
    """Longest wait of a client for one acknowledgement, including retries."""
    delivery_pause: float
    """Longest time from an acknowledgement to a subscribed device."""
    heal: float
    """From the start until the last disturbed send or delivery was done; 0 if none was disturbed."""
    served: float
    """From the end of the fault until its parts served again."""


def rows(
    recording: Recording, faults: Sequence[Fault], findings: Iterable[Finding], *, missing: Sequence[float] = ()
) -> list[Row]:
    """One row for each fault, in order. Events before the first fault belong to none.

    `missing`: for each message whose loss was reported, when its log was lost.
    """
    found = list(findings)
    waits, deliveries = _waits(recording), _deliveries(recording)
    ends = [fault.began for fault in faults[1:]] + [float("inf")]
    return [
        _row(fault, until, waits, deliveries, found, missing=missing) for fault, until in zip(faults, ends, strict=True)
    ]


def by_kind(faults: Sequence[Fault], lines: Sequence[Row]) -> list[Row]:
    """One row for each kind of fault: sums of counts, maxima of times."""
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
        reported=sum(line.reported for line in lines),
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
    fault: Fault,
    until: float,
    waits: Sequence[_Wait],
    deliveries: Sequence[_Wait],
    findings: Sequence[Finding],
    *,
    missing: Sequence[float],
) -> Row:
    def within(at: float) -> bool:
        return fault.began <= at < until

    # A send in flight when the fault began is affected by it.
    mine = [wait for wait in waits if within(wait.begun) or wait.begun < fault.began < wait.done]
    received = [wait for wait in deliveries if within(wait.begun) or wait.begun < fault.began < wait.done]
    late = [wait.done for wait in (*mine, *received) if wait.seconds > _NOTICED_SECONDS and wait.done > fault.began]
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
        reported=sum(map(within, missing)),
        send_pause=max((wait.seconds for wait in mine), default=0.0),
        delivery_pause=max((wait.seconds for wait in received), default=0.0),
        heal=max((done - fault.began for done in late), default=0.0),
        served=fault.served - fault.ended,
    )


def _waits(recording: Recording) -> list[_Wait]:
    begun = recording.begun
    return [_Wait(begun[sent.send].at, sent.at) for sent in recording.of(Kind.SENT) if sent.send in begun]


def _deliveries(recording: Recording) -> list[_Wait]:
    """From the acknowledgement of a message, or the device's first catch-up, to each subscribed device."""
    sent: Mapping[tuple[str, str], Entry] = {(item.user, item.send): item for item in recording.of(Kind.SENT)}
    waits: list[_Wait] = []
    for device, live in recording.listeners.items():
        for item in recording.by_device[device]:
            answer = sent.get((item.sender, item.send)) if item.kind == Kind.HEARD else None
            if answer is not None and answer.at > live.at:
                waits.append(_Wait(answer.at, item.at))
    return waits


def write_faults(faults: Iterable[Fault], path: Path) -> None:
    path.write_text("".join(json.dumps(asdict(fault)) + "\n" for fault in faults))


def read_faults(path: Path) -> list[Fault]:
    items = [json.loads(line) for line in path.read_text().splitlines()]
    return [Fault(**{**item, "action": Action(item["action"]), "parts": tuple(item["parts"])}) for item in items]
