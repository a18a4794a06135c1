"""The result of a drill, and the table of all drills. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_HEADS = (
    *(
        "drill",
        "acknowledged before",
        "after",
        "given up",
        "files given up",
        "lost",
        "doubled",
        "misordered",
        "holes in seq",
    ),
    *("whole after", "verdict"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on a page."""

    send: str
    """The client_message_id."""
    message_id: str
    sender: str
    number: int
    """Counts the messages of its sender."""
    seq: int


_FAULT = re.compile(r"^FAULT .*$", re.MULTILINE)
_NO_METADATA = re.compile(r"message (\S+) names file \S+: its metadata is missing$")

View = Sequence[Shown]
"""A whole chat as one member reads it, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The promises that were broken."""

    lost: int = 0
    doubled: int = 0
    misordered: int = 0
    holes: int = 0


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults that `chatly verify` found."""

    no_metadata: frozenset[str]
    """Ids of messages that name a file without metadata."""
    others: Sequence[str]


@dataclass(slots=True, kw_only=True)
class Result:
    """The result of one drill."""

    drill: str
    before: int = 0
    """Messages acknowledged before the loss, without those that were given up."""
    after: int = 0
    given_up: int = 0
    """Messages that only the lost data had, which the drill expects to be missing."""
    files: int = 0
    """Files without metadata, which only the lost data had."""
    findings: Findings = field(default_factory=Findings)
    whole_after: float = 0.0
    """Seconds from the loss until every message was stored again."""
    broken: list[str] = field(default_factory=list)
    """Other expectations of the drill that do not hold."""

    @property
    def kept(self) -> bool:
        """Return whether the drill kept every promise."""
        return self.findings == Findings() and not self.broken and self.after > 0


def find(views: Mapping[str, Sequence[View]], promised: Mapping[str, Mapping[str, str]]) -> Findings:
    """Compare the views of each chat's members with the promised messages of the chat (message id by send)."""
    lost: set[str] = set()
    doubled = misordered = holes = 0
    for chat_id, of_chat in views.items():
        first = of_chat[0]
        for view in of_chat:
            shown = {each.send: each.message_id for each in view}
            lost.update(send for send, message_id in promised.get(chat_id, {}).items() if shown.get(send) != message_id)
        doubled += max(len(view) - len({each.send for each in view}) for view in of_chat)
        misordered += _misordered(first) + sum(list(view) != list(first) for view in of_chat[1:])
        holes += len(first) - len({each.seq for each in first} & set(range(1, len(first) + 1)))
    return Findings(lost=len(lost), doubled=doubled, misordered=misordered, holes=holes)


def faults_of(verified: str) -> Faults:
    """Return the faults in the output of `chatly verify`."""
    no_metadata, others = set(), []
    for fault in _FAULT.findall(verified):
        if match := _NO_METADATA.search(fault):
            no_metadata.add(match[1])
        else:
            others.append(fault)
    return Faults(frozenset(no_metadata), others)


def table(results: Sequence[Result]) -> str:
    """Return the results as Markdown, and below it what was broken."""
    body = [_cells(result) for result in results]
    widths = [max(len(line[column]) for line in (_HEADS, *body)) for column in range(len(_HEADS))]
    rule = ["-" * width for width in widths]
    lines = [_line(cells, widths) for cells in (_HEADS, rule, *body)]
    return "\n".join([*lines, *(f"{each.drill}: {text}" for each in results for text in each.broken)])


def _misordered(view: View) -> int:
    """Return how often a sender's message comes before one that they sent earlier."""
    newest: dict[str, int] = {}
    count = 0
    for each in view:
        count += each.number < newest.get(each.sender, -1)
        newest[each.sender] = max(each.number, newest.get(each.sender, -1))
    return count


def _cells(result: Result) -> tuple[str, ...]:
    findings = result.findings
    counts = (
        *(result.before, result.after, result.given_up, result.files),
        *(findings.lost, findings.doubled, findings.misordered, findings.holes),
    )
    return (
        result.drill,
        *map(str, counts),
        f"{result.whole_after:.0f} s",
        "kept" if result.kept else "BROKEN",
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    name, width = first
    return f"| {name:<{width}} | " + " | ".join(f"{cell:>{width}}" for cell, width in others) + " |"
