"""Health and metrics of the service."""

from pathlib import Path
from shutil import rmtree

from kernel.settings import load
from services.media.settings import MediaSettings
from services.media.wiring import open_media
from tests.fakes import a_platform
from tests.rpc.media.harness import MediaNode
from tests.unit.media.samples import PDF


async def test_the_service_is_healthy_until_its_folder_is_deleted(tmp_path: Path) -> None:
    async with a_platform(data_dir=tmp_path) as platform, open_media(load(MediaSettings, {}), platform) as service:
        assert [await check() for check in service.health.values()] == [None, None]

        rmtree(tmp_path / "media")

        assert "cannot be written" in (await service.health["blobs"]() or "")
        assert await service.health["store"]() is None


async def test_stored_files_are_counted(node: MediaNode) -> None:
    await node.upload(PDF)

    metrics = (await node.http.get("/metrics")).text

    assert 'chatly_media_files_stored_total{content_type="application/pdf"}' in metrics
