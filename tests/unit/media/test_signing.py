"""Signed download links."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.errors import ChatlyError
from services.media.downloads import LinkSigner, Signature
from services.media.errors import MediaReason
from services.media.model import MediaId, Variant
from tests.builders import an_id
from tests.fakes import SECRET, FakeClock

MEDIA = MediaId(an_id())


def a_signer(clock: FakeClock, secret: bytes = SECRET) -> LinkSigner:
    return LinkSigner(secret=secret, clock=clock, lifetime=timedelta(minutes=5))


def is_rejected(
    signer: LinkSigner, signed: Signature, media: MediaId = MEDIA, variant: Variant = Variant.ORIGINAL
) -> bool:
    try:
        signer.require_valid(media, variant, signed)
    except ChatlyError as error:
        return error.reason == MediaReason.LINK_INVALID
    return False


def test_a_link_works_for_five_minutes() -> None:
    clock = FakeClock()
    signer = a_signer(clock)
    signature = signer.sign(MEDIA, Variant.ORIGINAL)

    clock.advance(299)
    assert not is_rejected(signer, signature)
    clock.advance(1)
    assert is_rejected(signer, signature)


def test_a_link_is_valid_for_one_file_and_one_variant() -> None:
    signer = a_signer(FakeClock())
    signature = signer.sign(MEDIA, Variant.THUMBNAIL)

    assert not is_rejected(signer, signature, variant=Variant.THUMBNAIL)
    assert is_rejected(signer, signature, variant=Variant.ORIGINAL)
    assert is_rejected(signer, signature, media=MediaId(an_id()), variant=Variant.THUMBNAIL)


@pytest.mark.parametrize("proof", ["", "x", "ü", "\udc80"])
def test_another_proof_is_rejected(proof: str) -> None:
    signer = a_signer(FakeClock())

    assert is_rejected(signer, replace(signer.sign(MEDIA, Variant.ORIGINAL), proof=proof))


def test_a_changed_expiry_is_rejected() -> None:
    signer = a_signer(FakeClock())
    signature = signer.sign(MEDIA, Variant.ORIGINAL)

    assert is_rejected(signer, replace(signature, expires_at=signature.expires_at + 1))


def test_a_link_signed_with_another_secret_is_rejected() -> None:
    clock = FakeClock()

    assert is_rejected(a_signer(clock), a_signer(clock, b"x" * 32).sign(MEDIA, Variant.ORIGINAL))
