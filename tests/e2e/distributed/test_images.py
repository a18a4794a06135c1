"""The packages that the Dockerfile installs for a service are enough to run it on the real engines."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from mesh.services import SERVICES
from tests.images import Image, all_images
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]
every_service = pytest.mark.parametrize("service", SERVICES)

START_SECONDS = 120
DRIVERS = {
    "auth": {"bcrypt", "cassandra", "redis"},
    "messaging": {"cassandra", "kafka", "redis"},
    "presence": {"cassandra", "redis"},
    "media": {"PIL", "botocore", "cassandra", "kafka", "redis"},
    "persister": {"cassandra", "kafka", "redis"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def images(
    tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]
) -> AsyncIterator[Mapping[str, Image]]:
    async with all_images(tmp_path_factory.mktemp("images"), engines) as started:
        yield started


@every_service
async def test_it_serves_and_is_healthy(images: Mapping[str, Image], service: str) -> None:
    image = images[service]

    async def is_well() -> bool:
        assert image.process.returncode is None, image.log.read_text()
        return (await asyncio.to_thread(image.run, "chatly", "health", service)).returncode == 0

    await eventually(is_well, f"{service} serves", seconds=START_SECONDS)
    assert "Traceback" not in image.log.read_text()


@every_service
async def test_it_has_only_the_drivers_of_its_service(images: Mapping[str, Image], service: str) -> None:
    every = sorted(set().union(*DRIVERS.values()))
    program = f"from importlib.util import find_spec; print(*[name for name in {every} if find_spec(name)])"

    found = images[service].run("python", "-c", program).stdout.split()

    assert set(found) == DRIVERS[service]
