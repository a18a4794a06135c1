"""TLS to engines: contexts from files, and messages about failed handshakes. The messages name the wrong setting."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Texts of Python's ssl module and of urllib3, which compares the names itself. Some drivers pass on only the text.
_REFUSED: Final = re.compile(r"certificate verify failed: (.*?)(?: \(_ssl|$)|(hostname .* doesn't match .*)")
_ANOTHER_NAME: Final = ("mismatch", "doesn't match")
# Texts of drivers when the server closes the connection without a response.
_CLOSED: Final = re.compile(r"reset by peer|closed|connection lost|broken pipe", re.IGNORECASE)


def check_file(file: str) -> str | None:
    """Return what is wrong with the file that a setting names, or None. Empty means no file."""
    try:
        if file:
            Path(file).read_bytes()
    except OSError as error:
        return f"names {file}, which cannot be read: {error.strerror}"
    return None


def client_context(*, ca_file: str, certificate_file: str = "", key_file: str = "") -> ssl.SSLContext:
    """Return a TLS context for clients.

    It trusts `ca_file`, or the CAs of the system. It sends the certificate if there is one.
    """
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate_file:
        context.load_cert_chain(certificate_file, key_file or None)
    return context


def tls_problem(error: BaseException, *, trust: str, name: str) -> str | None:
    """Return one line about a failed handshake, even if a driver wrapped the error; None for any other error.

    `trust` and `name`: the settings for the trusted CA and for the name of the server.
    """
    chain = list(_chain(error))
    for each in chain:
        # Some drivers raise errors that have this attribute and are not ssl.SSLError.
        if reason := getattr(each, "verify_message", "") or _reason_in(str(each)):
            return _refusal(reason, trust=trust, name=name)
    for each in chain:
        if isinstance(each, ssl.SSLError):
            return f"the TLS handshake with the server failed: {' '.join(str(each).split())} (see {trust})"
    return None


def plaintext_hint(message: str, *, setting: str) -> str:
    """Return a hint if the server closed a plaintext connection, else an empty text."""
    return f" (the server may require TLS: see {setting})" if _CLOSED.search(message) else ""


def _refusal(reason: str, *, trust: str, name: str) -> str:
    if any(words in reason for words in _ANOTHER_NAME):
        return f"the server's certificate is for another name: {reason} (see {name})"
    return f"the server's certificate is not trusted: {reason} (see {trust})"


def _reason_in(text: str) -> str:
    found = _REFUSED.search(text)
    return found[1] or found[2] if found else ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
