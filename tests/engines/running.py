"""The real engines for tests marked `engines`: those that run already, or ones started for this session alone.

A test takes an address (`kafka_bootstrap`, `redis_url`, ...), and a `fresh_name` for the topic, keyspace, key prefix or
bucket that it makes there, so that no test sees another one's data.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from engines.fleet import ENGINES, Fleet
from engines.settings import load

_STARTED = pytest.StashKey[list[str]]()


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """Where the S3 server answers (path-style addressing), and who may use it."""

    endpoint: str
    access_key: str
    secret_key: str


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start what the chosen tests need: here, where no test's time limit counts."""
    wanted = set() if session.config.option.collectonly else set(_wanted(session.items))
    session.config.stash[_STARTED] = Fleet(load()).up(name for name in ENGINES if name in wanted)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if started := session.config.stash.get(_STARTED, []):
        Fleet(load()).down(started)


def _wanted(items: Iterable[pytest.Item]) -> Iterable[str]:
    for item in items:
        for mark in item.iter_markers("engines"):
            yield from mark.args or ENGINES


def _addresses(engine: str) -> list[str]:
    found = Fleet(load()).addresses(engine)
    if not found:
        pytest.fail(f"{engine} does not run: is the test marked pytest.mark.engines({engine!r})?")
    return found


@pytest.fixture(scope="session")
def kafka_bootstrap() -> str:
    """`host:port,...`"""
    return ",".join(_addresses("kafka"))


@pytest.fixture(scope="session")
def cassandra_contact_points() -> str:
    """`host:port,...`"""
    return ",".join(_addresses("cassandra"))


@pytest.fixture(scope="session")
def redis_url() -> str:
    return f"redis://{_addresses('redis')[0]}"


@pytest.fixture(scope="session")
def s3_server() -> S3Server:
    settings = load()
    return S3Server(
        endpoint=f"http://{_addresses('s3')[0]}", access_key=settings.s3_access_key, secret_key=settings.s3_secret_key
    )


@pytest.fixture
def fresh_name() -> str:
    """A name that no other test uses: fit for a topic, a keyspace, a prefix or a bucket."""
    return f"test{uuid4().hex[:16]}"
