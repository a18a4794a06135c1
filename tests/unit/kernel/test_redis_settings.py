"""Settings of Redis."""

import pytest

from kernel.redis.settings import RedisSettings
from kernel.settings import SettingsError, load, shown

URL = "redis://user:secret@10.0.0.1:6379/0"


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+cluster", "rediss+cluster"])
def test_the_url_selects_a_single_server_or_a_cluster(scheme: str) -> None:
    url = f"{scheme}://10.0.0.1:6379"

    assert load(RedisSettings, {"CHATLY_REDIS_URL": url}).url == url


@pytest.mark.parametrize(("variable", "value"), [("CHATLY_REDIS_URL", "10.0.0.1:6379"), ("CHATLY_REDIS_LANES", "0")])
def test_an_invalid_redis_setting_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        load(RedisSettings, {"CHATLY_REDIS_URL": URL, variable: value})


def test_a_password_is_never_printed() -> None:
    settings = load(RedisSettings, {"CHATLY_REDIS_URL": URL, "CHATLY_REDIS_PASSWORD": "secret too"})

    assert "secret" not in str(shown(settings))
