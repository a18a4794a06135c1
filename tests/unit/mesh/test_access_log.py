"""The access log of `chatly run` keeps what the settings allow."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kernel.settings import load
from mesh.addresses import load_addresses
from mesh.edge import process
from mesh.edge.access_log import AccessLog
from mesh.edge.process import Edge
from mesh.edge.settings import EdgeSettings

NOW = datetime(2030, 5, 17, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def write(path: Path, *times: datetime) -> None:
    path.write_text("".join(json.dumps({"time": time.isoformat(), "client": "192.0.2.1"}) + "\n" for time in times))


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("access-*.log"))


def test_a_log_is_rotated_at_an_eighth_of_the_age(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, days=8, max_bytes=1_000_000)
    write(log.path, NOW - DAY, NOW)
    assert not log.rotate(NOW)
    assert log.rotate(NOW + timedelta(seconds=1))
    assert not log.path.exists()
    assert parts(tmp_path) == ["access-20300517T120001.000000Z.log"]


def test_a_log_is_rotated_at_an_eighth_of_the_size(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, days=7, max_bytes=8 * 100)
    write(log.path, NOW)
    assert not log.rotate(NOW)
    write(log.path, NOW, NOW)
    assert log.rotate(NOW)


def test_without_a_log_nothing_is_rotated(tmp_path: Path) -> None:
    assert not AccessLog(tmp_path, days=7, max_bytes=800).rotate(NOW)


def test_no_entry_outlives_the_age(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, days=2, max_bytes=1_000_000)
    now = NOW
    for _ in range(48):
        now += timedelta(hours=5)
        log.rotate(now)
        log.remove_old(now)
        with log.path.open("a") as file:
            file.write(json.dumps({"time": now.isoformat()}) + "\n")
    times = [
        datetime.fromisoformat(json.loads(line)["time"])
        for path in tmp_path.iterdir()
        for line in path.read_text().splitlines()
    ]
    assert min(times) >= now - 2 * DAY
    assert min(times) < now - 1.5 * DAY, "it deletes more than it must"


def test_the_oldest_parts_make_room(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, days=7, max_bytes=1000)
    for minute in range(30):
        write(log.path, *[NOW] * 3)
        assert log.rotate(NOW + timedelta(minutes=minute))
    log.remove_old(NOW)
    kept = [tmp_path / name for name in parts(tmp_path)]
    assert sum(path.stat().st_size for path in kept) <= 1000
    assert kept[-1].name == "access-20300517T122900.000000Z.log"


def test_an_unreadable_first_line_counts_by_the_last_change(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, days=7, max_bytes=1_000_000)
    log.path.write_bytes(b"\xff not an entry\n")
    assert not log.rotate(datetime.now(UTC))
    assert log.rotate(datetime.now(UTC) + 7 * DAY)


async def test_envoy_is_asked_to_open_the_log_until_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def no_answer(url: str) -> None:
        asked.append(url)

    monkeypatch.setattr(process, "http_post", no_answer)
    edge = Edge(load(EdgeSettings, {"CHATLY_EDGE_ACCESS_LOG_DAYS": "8"}), load_addresses({}), tmp_path)
    write(tmp_path / "access.log", datetime.now(UTC) - 2 * DAY)
    for _ in range(2):
        await edge._rotate()
    assert asked == ["http://127.0.0.1:9901/reopen_logs"] * 2

    write(tmp_path / "access.log", datetime.now(UTC))
    await edge._rotate()
    assert len(asked) == 2
