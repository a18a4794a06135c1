"""Starting, waiting for and stopping a node, with a small Python server instead of an engine."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engines.node import EngineError, Node, Running, start, stop, wait_until_ready


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


@pytest.fixture
def node(port: int, tmp_path: Path) -> Node:
    command = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    return Node(name="web-1", address=f"127.0.0.1:{port}", command=command, folder=tmp_path / "web")


@pytest.fixture
def running(node: Node) -> Iterator[Running]:
    began = start(node)
    yield began
    stop(began, kill=True)


def test_a_ready_node_answers_until_it_is_stopped(node: Node, running: Running, port: int) -> None:
    wait_until_ready(node, running, seconds=20)
    socket.create_connection(("127.0.0.1", port), timeout=5).close()

    stop(running)

    assert not running.alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_stopping_a_node_that_has_exited_does_nothing(node: Node, running: Running) -> None:
    wait_until_ready(node, running, seconds=20)
    stop(running, kill=True)

    stop(running)


def test_another_process_with_the_same_id_is_not_ours(node: Node, running: Running) -> None:
    wait_until_ready(node, running, seconds=20)
    somebody_else = Running(running.pid, running.started + 1)

    stop(somebody_else)

    assert not somebody_else.alive()
    assert running.alive()


def test_a_node_is_known_after_the_clock_was_set(node: Node, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_until_ready(node, running, seconds=20)
    booted = psutil.boot_time()

    # Linux computes the time of the boot from the clock.
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + 1)

    assert running.alive()


def test_a_node_that_exits_while_starting_is_reported_with_its_log(port: int, tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no such disk')")
    broken = Node(name="web-1", address=f"127.0.0.1:{port}", command=command, folder=tmp_path / "web")

    with pytest.raises(EngineError, match=r"web-1 exited while it was starting; see .*server\.log"):
        wait_until_ready(broken, start(broken), seconds=20)

    assert "no such disk" in broken.log.read_text()


def test_a_port_in_use_is_reported(node: Node, running: Running) -> None:
    wait_until_ready(node, running, seconds=20)

    with pytest.raises(EngineError, match=f"{node.address}, the address of web-1, is used by"):
        start(node)
