"""Links that serve a file without a token."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.errors import ChatlyError
from services.media.errors import MediaReason
from services.media.model import MediaId, Variant
from services.media.signing import LinkSigner, Signature
from tests.builders import an_id
from tests.fakes import SECRET, FakeClock

MEDIA = MediaId(an_id())


def a_signer(clock: FakeClock, secret: bytes = SECRET) -> LinkSigner:
    return LinkSigner(secret=secret, clock=clock, lifetime=timedelta(minutes=5))


def refused(signer: LinkSigner, signed: Signature, media: MediaId = MEDIA, variant: Variant = Variant.ORIGINAL) -> bool:
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
    assert not refused(signer, signature)
    clock.advance(1)
    assert refused(signer, signature)


def test_a_link_is_good_for_one_file_and_one_form_of_it() -> None:
    signer = a_signer(FakeClock())
    signature = signer.sign(MEDIA, Variant.THUMBNAIL)

    assert not refused(signer, signature, variant=Variant.THUMBNAIL)
    assert refused(signer, signature, variant=Variant.ORIGINAL)
    assert refused(signer, signature, media=MediaId(an_id()), variant=Variant.THUMBNAIL)


@pytest.mark.parametrize("proof", ["", "x", "ü", "\udc80"])
def test_another_proof_is_refused(proof: str) -> None:
    signer = a_signer(FakeClock())

    assert refused(signer, replace(signer.sign(MEDIA, Variant.ORIGINAL), proof=proof))


def test_a_later_expiry_is_refused() -> None:
    signer = a_signer(FakeClock())
    signature = signer.sign(MEDIA, Variant.ORIGINAL)

    assert refused(signer, replace(signature, expires_at=signature.expires_at + 1))


def test_a_link_of_another_secret_is_refused() -> None:
    clock = FakeClock()

    assert refused(a_signer(clock), a_signer(clock, b"x" * 32).sign(MEDIA, Variant.ORIGINAL))
