"""The identifier of a chat, parsed into its parts."""

from typing import Self
from uuid import UUID, uuid5

from kernel.ids import UserId

_GROUPS = UUID("6f1c7f0e-5f0b-4a53-9d0a-6f7b8f2f3c11")
_SEPARATOR = "_"


class ChatId(str):
    """A group's UUID, or the two user ids of a 1:1 chat, sorted and joined by `_`.

    The text is parsed once, when the object is made. The object equals the plain text and has the same hash.
    """

    __slots__ = ("is_direct", "members")
    is_direct: bool
    """True for a chat of two users, False for a group."""
    members: tuple[UserId, ...]
    """The two users of a 1:1 chat. Empty for a group: the members of a group are in its ChatState."""

    def __new__(cls, text: str) -> Self:
        """Parse a chat id. Raise ValueError if the text has more than two user ids."""
        self = str.__new__(cls, text)
        one, separator, other = text.partition(_SEPARATOR)
        if _SEPARATOR in other:
            raise ValueError(f"a chat of two users has two ids, got {text!r}")
        self.is_direct = bool(separator)
        self.members = (UserId(one), UserId(other)) if separator else ()
        return self

    @classmethod
    def direct(cls, one: UserId, other: UserId) -> Self:
        """Return the id of the 1:1 chat of two users."""
        return cls(_SEPARATOR.join(sorted((one, other))))

    @classmethod
    def group(cls, creator_id: UserId, client_group_id: UUID) -> Self:
        """Return the id of the group that a user creates. A retry with the same `client_group_id` gets the same id."""
        return cls(str(uuid5(_GROUPS, f"{creator_id}{_SEPARATOR}{client_group_id}")))

    def other(self, user_id: UserId) -> UserId:
        """Return the other user of a 1:1 chat."""
        one, other = self.members
        return one if user_id == other else other
