"""Content of log lines."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from kernel.grpc.context import Request, UserCaller, caller_var, request_var
from kernel.ids import SessionId, UserId
from kernel.telemetry.logs import configure_logs, logger
from tests.builders import NOON


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_lines_are_json_with_component_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(style="json", level="info")
    logger("somewhere").info("It happened", count=3)
    logger("somewhere").debug("too quiet")

    (line,) = _lines(capsys)
    assert (line["event"], line["component"], line["level"], line["count"]) == ("It happened", "somewhere", "info", 3)
    assert line["timestamp"].endswith("Z")


async def test_lines_within_a_call_carry_its_request_id_and_user(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(style="json", level="info")
    request_var.set(
        Request(request_id="abc", method="m", peer_address="", user_agent="", secure=False, cookies={}, origin="")
    )
    caller_var.set(UserCaller(UserId("anna"), SessionId("s"), NOON, "the-secret-token"))
    logger("somewhere").info("done")

    (line,) = _lines(capsys)
    assert (line["request_id"], line["user_id"]) == ("abc", "anna")
    assert "the-secret-token" not in str(line)


def test_libraries_that_use_logging_get_the_same_format(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(style="json", level="info")
    logging.getLogger("a.library").warning("careful: %s", "hot")

    (line,) = _lines(capsys)
    assert (line["event"], line["logger"], line["level"]) == ("careful: hot", "a.library", "warning")


@pytest.mark.parametrize("style", ["json", "pretty"])
def test_a_traceback_shows_no_local_variables(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(style=style, level="info")

    def log_in(password: str) -> None:
        raise RuntimeError(f"no login with {len(password)} characters")

    try:
        log_in("hunter2")
    except RuntimeError:
        logger("somewhere").exception("failed")

    written = capsys.readouterr().err
    assert "no login with 7 characters" in written
    assert "hunter2" not in written.replace('log_in("hunter2")', "").replace('log_in(\\"hunter2\\")', "")
