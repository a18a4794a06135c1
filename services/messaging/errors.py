"""Reasons of the messaging service, and the errors that it raises for them."""

from enum import auto
from uuid import UUID

from history.model import Role
from kernel.errors import ChatlyError, Code, KernelReason, Reason, denied, not_found, precondition, unauthenticated
from kernel.ids import UserId


class MessagingReason(Reason):
    """Reasons of the messaging service. The protos explain each of them, in chatly.error.v1.ErrorReason."""

    INVALID_CURSOR = auto()
    NOT_A_MEMBER = auto()
    NOT_THE_SENDER = auto()
    ROLE_TOO_LOW = auto()
    BLOCKED = auto()
    MEDIA_FORBIDDEN = auto()
    USER_NOT_FOUND = auto()
    CHAT_NOT_FOUND = auto()
    MESSAGE_NOT_FOUND = auto()
    NOT_WITH_ONESELF = auto()
    NOT_A_GROUP = auto()
    LAST_OWNER = auto()
    GROUP_FULL = auto()
    TOO_MANY_REACTIONS = auto()
    SLOW_READER = auto()


def not_a_member() -> ChatlyError:
    """Raise this for unknown groups too, so that strangers cannot find out which groups exist."""
    return denied(MessagingReason.NOT_A_MEMBER, "you are not a member of this chat")


def not_with_oneself() -> ChatlyError:
    return precondition(MessagingReason.NOT_WITH_ONESELF, "a chat needs another user: you cannot chat with yourself")


def not_a_group() -> ChatlyError:
    return precondition(MessagingReason.NOT_A_GROUP, "this is a 1:1 chat: only groups have roles and details")


def account_deleted() -> ChatlyError:
    return unauthenticated(KernelReason.SESSION_ENDED, "this account was deleted")


def user_not_found(user_id: UserId) -> ChatlyError:
    return not_found(MessagingReason.USER_NOT_FOUND, f"user {user_id} not found")


def blocked(user_id: UserId) -> ChatlyError:
    """Return the error BLOCKED. Its message does not reveal who blocked whom."""
    message = f"you and user {user_id} cannot write to each other: one of you has blocked the other"
    return denied(MessagingReason.BLOCKED, message, user_id=user_id)


def message_not_found(message_id: UUID) -> ChatlyError:
    return not_found(MessagingReason.MESSAGE_NOT_FOUND, f"message {message_id} not found in this chat")


def message_deleted(message_id: UUID) -> ChatlyError:
    return not_found(MessagingReason.MESSAGE_NOT_FOUND, f"message {message_id} was deleted")


def not_the_sender() -> ChatlyError:
    return denied(MessagingReason.NOT_THE_SENDER, "only the sender of a message may change it")


def role_too_low(required: Role) -> ChatlyError:
    return denied(
        MessagingReason.ROLE_TOO_LOW, f"this needs the role {required.name} in the group", required_role=required.name
    )


def group_full(limit: int) -> ChatlyError:
    return precondition(MessagingReason.GROUP_FULL, f"a group has at most {limit} members", limit=str(limit))


def last_owner() -> ChatlyError:
    return precondition(MessagingReason.LAST_OWNER, "a group needs an owner: make another member owner first")


def too_many_reactions(limit: int) -> ChatlyError:
    message = f"a message takes at most {limit} different emoji"
    return precondition(MessagingReason.TOO_MANY_REACTIONS, message, limit=str(limit))


def media_forbidden(media_id: str) -> ChatlyError:
    return denied(MessagingReason.MEDIA_FORBIDDEN, "you may only use files that you uploaded", media_id=media_id)


def invalid_page_token() -> ChatlyError:
    message = "page_token: must be a next_page_token of the same request"
    return ChatlyError(Code.INVALID_ARGUMENT, KernelReason.INVALID_PAGE_TOKEN, message)
