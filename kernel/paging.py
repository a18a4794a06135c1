"""Page tokens: the position at which a list continues, opaque to callers."""

import base64
import binascii
import hashlib

from kernel.errors import ChatlyError, Code, KernelReason

_CHECK_BYTES = 8


class PageTokens:
    """Encodes and decodes page tokens. A token has a checksum but is not secret: clients may read the position."""

    @staticmethod
    def encode(kind: str, scope: str, position: bytes | str) -> str:
        """Return a token for the call `kind`. `scope`: text that identifies the other parameters of the call."""
        raw = position.encode() if isinstance(position, str) else position
        return base64.urlsafe_b64encode(_check(kind, scope, raw) + raw).decode().rstrip("=")

    @staticmethod
    def decode(kind: str, scope: str, token: str) -> bytes:
        """Return the position in a token.

        Raise INVALID_ARGUMENT `INVALID_PAGE_TOKEN` if `encode` did not create it for the same call and parameters.
        """
        try:
            data = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _invalid() from error
        check, position = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
        if check != _check(kind, scope, position):
            raise _invalid()
        return position


def _check(kind: str, scope: str, position: bytes) -> bytes:
    # Without the lengths, ("ab", "c") and ("a", "bc") would give the same bytes.
    head = f"{len(kind)}:{kind}{len(scope)}:{scope}".encode()
    return hashlib.sha256(head + position).digest()[:_CHECK_BYTES]


def _invalid() -> ChatlyError:
    message = "page_token: not from this call with these parameters; start again without a token"
    return ChatlyError(Code.INVALID_ARGUMENT, KernelReason.INVALID_PAGE_TOKEN, message)
