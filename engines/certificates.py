"""A certificate authority of this machine, for secured engines and for tests of TLS."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=30)
_HEAD_START = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """PEM files of a certificate and its key, and one file with both, as Kafka and Cassandra need it."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates. Its own certificate, which clients trust, is in the file `ca`."""

    def __init__(self, folder: Path, *, name: str = "Chatly's engines") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.ca = folder / "ca.crt"
        self.ca.write_bytes(self._certificate().public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, names: Sequence[str], *, ends: timedelta = _LIFE) -> Pair:
        """Write a certificate and its key for these host names and addresses, valid for servers and clients, to files
        called `name`.

        Existing files of that name are replaced one by one. `ends` counts from now and may be in the past.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(subject_name=subject, issuer_name=self._name, public_key=key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, now + ends) - _HEAD_START)
            .not_valid_after(now + ends)
            .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        certificate, secret = made.public_bytes(serialization.Encoding.PEM), _pem(key)
        pair = Pair(
            certificate=self._folder / f"{name}.crt",
            key=self._folder / f"{name}.key",
            both=self._folder / f"{name}.pem",
        )
        for path, content in ((pair.certificate, certificate), (pair.key, secret), (pair.both, secret + certificate)):
            _replace(path, content)
        return pair

    def _certificate(self) -> x509.Certificate:
        now = datetime.now(UTC)
        public = self._key.public_key()
        return (
            x509.CertificateBuilder(subject_name=self._name, issuer_name=self._name, public_key=public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _HEAD_START)
            .not_valid_after(now + _LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(content)
    draft.chmod(0o600)
    draft.replace(path)
