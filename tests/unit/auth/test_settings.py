"""Settings of auth."""

import pytest

from kernel.settings import SettingsError, load
from services.auth.settings import AuthSettings


def test_passwords_are_hashed_with_cost_12_unless_set() -> None:
    assert load(AuthSettings, {}).bcrypt_cost == 12
    assert load(AuthSettings, {"CHATLY_AUTH_BCRYPT_COST": "10"}).bcrypt_cost == 10


@pytest.mark.parametrize("cost", ["3", "17", "twelve"])
def test_a_cost_out_of_range_is_rejected_with_the_setting(cost: str) -> None:
    with pytest.raises(SettingsError, match="CHATLY_AUTH_BCRYPT_COST"):
        load(AuthSettings, {"CHATLY_AUTH_BCRYPT_COST": cost})


def test_access_tokens_last_15_minutes_unless_set() -> None:
    assert load(AuthSettings, {}).access_token_seconds == 900
