"""Page tokens: where a list goes on, in a form that callers cannot mistake for data."""

import base64
import binascii
import hashlib

from kernel.errors import ChatlyError, Code, KernelReason

_CHECK_BYTES = 8


class PageTokens:
    """Makes and reads page tokens. Checked, not secret: a position holds nothing that its reader may not see."""

    @staticmethod
    def encode(kind: str, scope: str, position: bytes | str) -> str:
        """A token for the call `kind` with the other parameters `scope` (any text that tells them apart)."""
        raw = position.encode() if isinstance(position, str) else position
        return base64.urlsafe_b64encode(_check(kind, scope, raw) + raw).decode().rstrip("=")

    @staticmethod
    def decode(kind: str, scope: str, token: str) -> bytes:
        """The position in a token; INVALID_ARGUMENT `INVALID_PAGE_TOKEN` unless `encode` made it for the same call."""
        try:
            data = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _invalid() from error
        check, position = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
        if check != _check(kind, scope, position):
            raise _invalid()
        return position


def _check(kind: str, scope: str, position: bytes) -> bytes:
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    head = f"{len(kind)}:{kind}{len(scope)}:{scope}".encode()
    return hashlib.sha256(head + position).digest()[:_CHECK_BYTES]


def _invalid() -> ChatlyError:
    message = "page_token: was not given out by this call with these parameters; begin again without it"
    return ChatlyError(Code.INVALID_ARGUMENT, KernelReason.INVALID_PAGE_TOKEN, message)
