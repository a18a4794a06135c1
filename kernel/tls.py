"""TLS to engines: contexts from files, and what goes wrong in a handshake in words that name the setting."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# As Python puts it in a text, for drivers that hand on nothing else.
# As OpenSSL says it, and as urllib3 does, which compares the names itself.
_REFUSED: Final = re.compile(r"certificate verify failed: (.*?)(?: \(_ssl|$)|(hostname .* doesn't match .*)")
_ANOTHER_NAME: Final = ("mismatch", "doesn't match")
# What drivers say of a server that ended a connection without a word.
_HUNG_UP: Final = re.compile(r"reset by peer|closed|connection lost|broken pipe", re.IGNORECASE)


def check_file(file: str) -> str | None:
    """A check for settings that name a file: what is wrong with it, or None; empty is no file."""
    try:
        if file:
            Path(file).read_bytes()
    except OSError as error:
        return f"names {file}, which cannot be read: {error.strerror}"
    return None


def client_context(*, ca_file: str, certificate_file: str = "", key_file: str = "") -> ssl.SSLContext:
    """Trusts who signed by `ca_file`, or whom the system trusts; shows a certificate where there is one."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate_file:
        context.load_cert_chain(certificate_file, key_file or None)
    return context


def tls_problem(error: BaseException, *, trust: str, name: str) -> str | None:
    """One line about a handshake that failed, also where a driver wrapped the error; None: it was something else.

    `trust` and `name`: the settings that say whom to trust, and by which name the server is reached.
    """
    chain = list(_chain(error))
    for each in chain:
        # Some drivers' errors are called so without being so.
        if reason := getattr(each, "verify_message", "") or _reason_in(str(each)):
            return _refusal(reason, trust=trust, name=name)
    for each in chain:
        if isinstance(each, ssl.SSLError):
            return f"no TLS with the server: {' '.join(str(each).split())} (see {trust})"
    return None


def plaintext_hint(told: str, *, setting: str) -> str:
    """What to add to an error where plaintext was never answered; empty if the server did not hang up."""
    return f" (as a server does that wants TLS: see {setting})" if _HUNG_UP.search(told) else ""


def _refusal(reason: str, *, trust: str, name: str) -> str:
    if any(words in reason for words in _ANOTHER_NAME):
        return f"the server's certificate is for another name: {reason} (see {name})"
    return f"the server's certificate is not trusted: {reason} (see {trust})"


def _reason_in(text: str) -> str:
    found = _REFUSED.search(text)
    return found[1] or found[2] if found else ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
