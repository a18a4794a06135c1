"""TLS to engines: contexts from files, and what goes wrong in a handshake in words that name the setting."""

import re
import ssl
from pathlib import Path
from typing import Final

# As Python puts it in a text, for drivers that hand on nothing else.
_REFUSED: Final = re.compile(r"certificate verify failed: (.*?)(?: \(_ssl|$)")


def readable(file: str) -> str | None:
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


def tls_trouble(error: BaseException, *, trust: str, name: str) -> str | None:
    """One line about a handshake that failed, also where a driver wrapped the error; None: it was something else.

    `trust` and `name`: the settings that say whom to trust, and by which name the server is reached.
    """
    match _within(error):
        case ssl.SSLCertVerificationError() as refused:
            return _refusal(refused.verify_message, trust=trust, name=name)
        case ssl.SSLError() as failed:
            return f"no TLS with the server: {' '.join(str(failed).split())} (see {trust})"
        case _:
            found = _REFUSED.search(str(error))
            return _refusal(found[1], trust=trust, name=name) if found else None


def _refusal(reason: str, *, trust: str, name: str) -> str:
    if "mismatch" in reason:
        return f"the server's certificate is for another name: {reason} (see {name})"
    return f"the server's certificate is not trusted: {reason} (see {trust})"


def _within(error: BaseException | None) -> ssl.SSLError | None:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, ssl.SSLError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None
