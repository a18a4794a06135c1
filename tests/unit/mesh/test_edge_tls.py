"""The certificate of a mesh on one machine."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from mesh.edge.tls import ensure_certificate


def test_a_certificate_that_a_power_cut_left_empty_is_made_again(tmp_path: Path) -> None:
    certificate, key = ensure_certificate(tmp_path)
    certificate.write_bytes(b"")

    ensure_certificate(tmp_path)

    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    assert loaded.public_key() == private.public_key()
