"""A run without faults, for tests of the checker to change: Ann and Bob chat, both are subscribed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid5

from tests.faults.checker.check import check
from tests.faults.checker.findings import Finding
from tests.faults.checker.recording import Entry, Kind, Recording
from tests.faults.checker.stored import Probe, Shown, Sighting, Stored, View

ANN, BOB, CHAT = "ann", "bob", "ann_bob"
NODES = ("messaging-1", "messaging-2")
_SPACE = UUID(int=5)


def message_id(number: int) -> str:
    """Return a TimeUUID: a higher number is later."""
    return str(UUID(fields=(number, 0, 0x1000, 0x80, 0, 1)))


def send_id(number: int) -> str:
    return str(uuid5(_SPACE, str(number)))


@dataclass
class Story:
    """Message n is sent by Ann (odd) or Bob (even) at n seconds, acknowledged 0.1 s later, and received 0.2 s later."""

    count: int = 6
    entries: list[Entry] = field(default_factory=list)
    stored: Stored = field(default_factory=lambda: Stored(members={}))

    def __post_init__(self) -> None:
        for user in (ANN, BOB):
            self.entries.append(Entry(at=0.0, kind=Kind.LIVE, device=user, user=user))
        for number in range(1, self.count + 1):
            self.entries += said(number)
        messages = tuple(shown(number) for number in range(1, self.count + 1))
        self.stored = Stored(
            members={CHAT: (ANN, BOB)},
            views=tuple(view(user, node, messages) for user in (ANN, BOB) for node in NODES),
            sightings=(
                Sighting(user=ANN, node="presence-1", online=True, connected=True),
                Sighting(user=BOB, node="presence-1", online=False, connected=False),
            ),
        )

    def add(self, kind: Kind, at: float, user: str, **fields: object) -> None:
        self.entries.append(Entry(at=at, kind=kind, device=user, user=user, chat=CHAT, **fields))  # type: ignore[arg-type]

    def drop(self, wanted: Callable[[Entry], bool]) -> None:
        """Remove entries."""
        kept = [item for item in self.entries if not wanted(item)]
        assert len(kept) < len(self.entries)
        self.entries = kept

    def change(self, number: int, *, node: str = "", member: str = "", **fields: object) -> None:
        """Change message n as stored: everywhere, on one node, or for one member."""

        def changed(item: Shown) -> Shown:
            return replace(item, **fields) if item.message == message_id(number) else item  # type: ignore[arg-type]

        self.change_views(
            lambda old: replace(old, messages=tuple(map(changed, old.messages))), node=node, member=member
        )

    def change_views(self, change: Callable[[View], View], *, node: str = "", member: str = "") -> None:
        def meant(old: View) -> bool:
            return node in {"", old.node} and member in {"", old.member}

        views = tuple(change(old) if meant(old) else old for old in self.stored.views)
        self.stored = replace(self.stored, views=views)

    def probe(self, *, reachable: bool) -> None:
        probe = Probe(media="file", message=message_id(1), node="media-1", reachable=reachable)
        self.stored = replace(self.stored, probes=(probe,))

    def findings(self) -> list[Finding]:
        return check(self.recording(), self.stored)

    def wrong(self) -> set[str]:
        return {finding.wrong for finding in self.findings()}

    def recording(self) -> Recording:
        return Recording(self.entries)


def sender_of(number: int) -> str:
    return ANN if number % 2 else BOB


def said(number: int) -> list[Entry]:
    """Return the lines of the sender, and of everyone who receives it."""
    sender, message = sender_of(number), message_id(number)

    def line(kind: Kind, after: float, user: str, **fields: object) -> Entry:
        names = {"chat": CHAT, "send": send_id(number), **fields}
        return Entry(at=number + after, kind=kind, device=user, user=user, **names)  # type: ignore[arg-type]

    return [
        line(Kind.SENDING, 0, sender),
        line(Kind.SENT, 0.1, sender, message=message),
        *(line(Kind.HEARD, 0.2, user, message=message, sender=sender, present=True) for user in (ANN, BOB)),
    ]


def shown(number: int) -> Shown:
    return Shown(
        message=message_id(number),
        sender=sender_of(number),
        send=send_id(number),
        seq=number,
        text=f"number {number}",
        deleted=False,
    )


def view(user: str, node: str, messages: tuple[Shown, ...]) -> View:
    """Return it with a read mark on the newest message."""
    return View(chat=CHAT, member=user, node=node, messages=messages, unread=0, read=messages[-1].message)
