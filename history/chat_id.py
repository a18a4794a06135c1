"""The identifier of a chat as a value."""

from typing import Self
from uuid import UUID, uuid5

from kernel.ids import UserId

_GROUPS = UUID("6f1c7f0e-5f0b-4a53-9d0a-6f7b8f2f3c11")
_SEPARATOR = "_"


class ChatId(str):
    """A group's UUID, or the two user ids of a 1:1 chat, sorted and joined by `_`.

    Parsed once, when it is made. Equal to, and hashed like, the plain text.
    """

    __slots__ = ("is_direct", "members")
    is_direct: bool
    """Whether this is the chat of two users, not a group."""
    members: tuple[UserId, ...]
    """The two users of a 1:1 chat; empty for a group, whose members are in its state."""

    def __new__(cls, text: str) -> Self:
        """Raise ValueError for more than two user ids."""
        self = str.__new__(cls, text)
        one, separator, other = text.partition(_SEPARATOR)
        if _SEPARATOR in other:
            raise ValueError(f"a chat of two users has two ids, got {text!r}")
        self.is_direct = bool(separator)
        self.members = (UserId(one), UserId(other)) if separator else ()
        return self

    @classmethod
    def direct(cls, one: UserId, other: UserId) -> Self:
        """Return the 1:1 chat of two users."""
        return cls(_SEPARATOR.join(sorted((one, other))))

    @classmethod
    def group(cls, creator_id: UserId, client_group_id: UUID) -> Self:
        """Return the group that a creation makes: a retry with the same `client_group_id` makes the same group."""
        return cls(str(uuid5(_GROUPS, f"{creator_id}{_SEPARATOR}{client_group_id}")))

    def other(self, user_id: UserId) -> UserId:
        """Return the other user of a 1:1 chat."""
        one, other = self.members
        return one if user_id == other else other
