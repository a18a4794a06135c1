"""The service as its process sees it."""

from pathlib import Path
from shutil import rmtree

from kernel.settings import load
from services.media.settings import MediaSettings
from services.media.wiring import open_media
from tests.fakes import a_platform
from tests.rpc.media.house import House
from tests.unit.media.samples import PDF


async def test_it_is_well_until_its_folder_is_gone(tmp_path: Path) -> None:
    async with a_platform(data_dir=tmp_path) as platform, open_media(load(MediaSettings, {}), platform) as service:
        assert [await check() for check in service.health.values()] == [None, None]

        rmtree(tmp_path / "media")

        assert "cannot be written" in (await service.health["blobs"]() or "")
        assert await service.health["store"]() is None


async def test_files_are_counted(house: House) -> None:
    await house.upload(PDF)

    metrics = (await house.http.get("/metrics")).text

    assert 'chatly_media_files_stored_total{content_type="application/pdf"}' in metrics
