"""The real engines for tests marked `engines`: running ones, or engines started for this session.

A test takes an address (`kafka_bootstrap`, `redis_url`, ...) and a `fresh_name` for its topic, keyspace, key prefix or
bucket, so that no test sees the data of another.
"""

import shutil
import tempfile
from collections.abc import Collection, Generator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from engines.fleet import ENGINES, Fleet
from engines.settings import EngineSettings, load
from tests.engines.ports import on_free_ports


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engines:
    """The engines of this session. `folder`: of engines started for it, deleted at the end; None if they ran
    already.
    """

    fleet: Fleet
    settings: EngineSettings
    folder: Path | None


_ENGINES = pytest.StashKey[_Engines]()


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """Address of the S3 server (path-style addressing), and its credentials."""

    endpoint: str
    access_key: str
    secret_key: str


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Start the engines that the chosen tests need before the first of them, while no test's time limit counts."""
    if _ENGINES not in item.config.stash and item.get_closest_marker("engines"):
        item.config.stash[_ENGINES] = _start(set(_wanted(item.session.items)))
    return (yield)


def _start(wanted: Collection[str]) -> _Engines:
    settings = load()
    running = Fleet(settings)
    if all(running.addresses(engine) for engine in wanted):
        return _Engines(fleet=running, settings=settings, folder=None)
    folder = Path(tempfile.mkdtemp(prefix="chatly-engines-"))
    own = on_free_ports(replace(settings, data=folder / "data", state=folder / "state.json", quick_start=True))
    fleet = Fleet(own)
    fleet.up(engine for engine in ENGINES if engine in wanted)
    return _Engines(fleet=fleet, settings=own, folder=folder)


def pytest_sessionfinish(session: pytest.Session) -> None:
    engines = session.config.stash.get(_ENGINES, None)
    if engines is not None and engines.folder is not None:
        engines.fleet.down()
        shutil.rmtree(engines.folder, ignore_errors=True)


def _wanted(items: Iterable[pytest.Item]) -> Iterable[str]:
    for item in items:
        for mark in item.iter_markers("engines"):
            # Secured engines start when the first test needs them: few tests do.
            yield from (name for name in mark.args or ENGINES if name != "secured")


def _addresses(request: pytest.FixtureRequest, engine: str) -> list[str]:
    engines = request.config.stash.get(_ENGINES, None)
    found = engines.fleet.addresses(engine) if engines else []
    if not found:
        pytest.fail(f"{engine} does not run: is the test marked pytest.mark.engines({engine!r})?")
    return found


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """`host:port,...`"""
    return ",".join(_addresses(request, "kafka"))


@pytest.fixture(scope="session")
def cassandra_contact_points(request: pytest.FixtureRequest) -> str:
    """`host:port,...`"""
    return ",".join(_addresses(request, "cassandra"))


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    return f"redis://{_addresses(request, 'redis')[0]}"


@pytest.fixture(scope="session")
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    address = _addresses(request, "s3")[0]
    settings = request.config.stash[_ENGINES].settings
    return S3Server(endpoint=f"http://{address}", access_key=settings.s3_access_key, secret_key=settings.s3_secret_key)


@pytest.fixture
def fresh_name() -> str:
    """Return a unique name that is valid for a topic, a keyspace, a prefix and a bucket."""
    return f"test{uuid4().hex[:16]}"
