"""The people of the demo and their messages, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass

PASSWORD = "chatly-demo"  # noqa: S105 - printed on the screen; the demo is for trying out
"""The password of every person in the demo."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the demo. The lower-case `name` is also the local part of the e-mail address."""

    name: str
    bio: str
    colour: str
    """The background colour of the picture, as `#rrggbb`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `reactions` has pairs of an emoji and a person's name."""

    by: str
    text: str
    answers: int | None = None
    """The index of the earlier line in the same chat that this line replies to."""
    reactions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """One chat: a group if it has a title, else a chat of two people."""

    members: tuple[str, ...]
    lines: Sequence[Line]
    title: str = ""
    about: str = ""


PEOPLE = (
    Person("Maya", "Product. Coffee first, then roadmaps.", "#b5487a"),
    Person("Jonas", "Backend. I like queues that drain.", "#3b6fb6"),
    Person("Amara", "Design systems, ceramics, long walks.", "#8a5fc0"),
    Person("Kenji", "Mobile. Tests on the train.", "#2f8f6b"),
    Person("Leila", "Support lead. Ask me anything, twice.", "#c2703d"),
    Person("Tomás", "Operations. Nothing is on fire. Yet.", "#5a7d2a"),
)

_LAUNCH = (
    Line("Maya", "Morning! Ten days to the launch. What is still red on your lists?"),
    Line("Jonas", "Replays after a reconnect are done. I killed the server four times, nothing got lost.", answers=0),
    Line("Amara", "Empty states. I have drafts, I will post them after lunch."),
    Line("Kenji", "The phone layout jumps when an image loads. Fix is in review.", reactions=(("👍", "Amara"),)),
    Line("Leila", "Help pages: 14 of 20 written. I need somebody to proofread."),
    Line("Maya", "I can proofread tonight.", answers=4, reactions=(("❤️", "Leila"), ("👍", "Jonas"))),
    Line("Tomás", "Backups restored on the spare machine in 11 minutes. That was the last of mine."),
    Line("Maya", "Tomás, you are done a week early?", reactions=(("😂", "Kenji"), ("😂", "Amara"))),
    Line("Tomás", "I would like that in writing, please.", answers=7),
    Line("Jonas", "Can we look at the upload limit? 25 MB is small for screen recordings."),
    Line("Leila", "People ask for it every week."),
    Line("Tomás", "It is one setting. Disk is fine up to 100.", reactions=(("🎉", "Leila"),)),
)
_LUNCH = (
    Line("Kenji", "Soup place or the bakery?"),
    Line("Amara", "Bakery!", reactions=(("🥐", "Kenji"), ("🥐", "Leila"), ("🥐", "Maya"))),
    Line("Leila", "Soup for me, I can meet you after."),
    Line("Kenji", "12:15 downstairs then."),
    Line("Tomás", "Bring me something with cheese, I am holding the release."),
)
_PAIR_WORK = (
    Line("Jonas", "Do you have five minutes for the read marks?"),
    Line("Kenji", "Sure. What is odd about them?"),
    Line("Jonas", "If I read on the phone, the laptop still shows 3 unread until I click.", answers=1),
    Line("Kenji", "That is me: I only listen to marks of other people. One line.", reactions=(("🙏", "Jonas"),)),
    Line("Jonas", "Great. Shall I write the test, or you?"),
    Line("Kenji", "I write it, you review it."),
)
_PAIR_HELP = (
    Line("Leila", "A customer says their picture is sideways after the upload."),
    Line("Amara", "Old camera? It might be the orientation flag."),
    Line("Leila", "Yes! A phone from 2014."),
    Line("Amara", "We turn it upright on the server now, ask them to try again.", answers=1),
    Line("Leila", "It works. They sent a cat to say thanks.", reactions=(("🐱", "Amara"),)),
)
_STANDUP = (
    "Yesterday: wrote the page on groups. Today: pictures for it.",
    "I paired on the outbox, it drains in order now.",
    "Chasing a test that fails once in 200 runs. Found it: a clock.",
    "Reviewed four changes, asked for two more tests.",
    "Today: the colours of the dark theme, they are a touch too dark.",
    "Contrast is at 4.6 now, I can stop squinting.",
    "Blocked on the new certificate, it comes at noon.",
    "Certificate is in. Unblocked.",
    "Nothing new, and I mean that as good news.",
    "Out at three today, dentist.",
    "Moved the search box, two people noticed already.",
    "Graphs look flat all night. I slept.",
    "Wrote down how to bring a node back. It is shorter than I feared.",
    "Trying the client on a slow train connection this afternoon.",
    "It held: 40 minutes, three tunnels, nothing lost.",
    "Answered 31 questions, 12 were the same one. New help page.",
)


def talks() -> Sequence[Talk]:
    """Return every chat of the demo."""
    everybody = tuple(person.name for person in PEOPLE)
    standup = [Line(everybody[n % len(everybody)], _STANDUP[n * 7 % len(_STANDUP)]) for n in range(240)]
    return (
        Talk(everybody, standup, "Stand-up", "What you did, what you do, what stops you."),
        Talk(everybody, _LAUNCH, "Launch", "Everything for the first of the month."),
        Talk(("Amara", "Kenji", "Leila", "Maya", "Tomás"), _LUNCH, "Lunch", "Where, when, with whom."),
        Talk(("Jonas", "Kenji"), _PAIR_WORK),
        Talk(("Amara", "Leila"), _PAIR_HELP),
    )
