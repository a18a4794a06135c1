"""Reasons of the messaging service."""

from enum import auto

from kernel.errors import Reason


class MessagingReason(Reason):
    """Reasons of the messaging service; the protos explain each: chatly.error.v1.ErrorReason."""

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
