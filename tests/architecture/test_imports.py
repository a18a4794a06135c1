"""Importing Chatly only defines names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules


def what_importing_does(*names: str, folder: Path = ROOT) -> str:
    watch = subprocess.run(
        [sys.executable, ROOT / "tests/architecture/import_watch.py", folder, *names],
        env={"PYTHONPATH": os.pathsep.join(map(str, [folder, ROOT / "gen/python"]))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert watch.returncode == 0, watch.stderr
    return watch.stdout


def test_importing_every_module_opens_and_starts_nothing() -> None:
    assert what_importing_does(*modules()) == ""


@pytest.mark.parametrize(
    ("line", "report"),
    [
        ("import socket; socket.socket().close()", "loud.py:2 socket.__new__"),
        ("from threading import Event, Thread; Thread(target=Event().wait, daemon=True).start()", "loud thread"),
        ("open('/dev/null', 'w').close()", "loud.py:2 open /dev/null"),
        ("import sqlite3; sqlite3.connect(':memory:').close()", "loud.py:2 sqlite3.connect :memory:"),
    ],
)
def test_a_module_that_does_more_is_reported_with_its_line(line: str, report: str, tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(f"\n{line}\n")

    assert what_importing_does("loud", folder=tmp_path).startswith(report)


def test_serving_a_service_imports_nothing_of_the_edge_or_the_command_line() -> None:
    program = """
import sys
drivers = ("bcrypt", "botocore", "cassandra", "confluent_kafka", "hiredis", "kafka", "redis")
for missing in ("jinja2", "httpx", "PIL", "opentelemetry", *drivers):
    sys.modules[missing] = None
import mesh.cli, mesh.serve
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_printing_the_help_imports_no_driver_and_no_server() -> None:
    program = """
import sys
from mesh.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
drivers = {"bcrypt", "botocore", "cassandra", "confluent_kafka", "hiredis", "kafka", "PIL", "redis", "sqlite3"}
heavy = drivers | {"cryptography", "grpc", "starlette", "uvicorn"}
print("imported:", sorted(heavy & sys.modules.keys()))
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.stdout.splitlines()[-1] == "imported: []", done.stderr
    assert "seed-demo" in done.stdout
