"""Groups tests for several workers (`pytest -n 2`): tests that share a slow fixture run on one worker.

All tests with the session's engines run on one worker, so that the engines start once. Long groups start first; a
worker that is done takes the next group.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

_LONGEST_FIRST = ("engines", "web", "outages", "mesh", "secured")
_GROUPS_FILE = "chatly_groups"
_GROUPS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None):
        # Otherwise groups would be sorted by their number of tests, not by their duration.
        config.option.loadscopereorder = False
        with NamedTemporaryFile(prefix="chatly-groups-", delete=False) as file:
            config.stash[_GROUPS] = Path(file.name)
        config.pluginmanager.register(_Failures(config))


class _Failures:
    """Prints a failed test at once, which is hard to find among the dots of several workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.write_line(f"\n{report.when} of {report.nodeid} failed after {report.duration:.0f} s")


def pytest_unconfigure(config: pytest.Config) -> None:
    if _GROUPS in config.stash:
        config.stash[_GROUPS].unlink(missing_ok=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput[_GROUPS_FILE] = str(node.config.stash[_GROUPS])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    return _Groups(config, log) if _GROUPS in config.stash else None


class _Groups(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist is untyped
    """Runs each group on one worker, like `--dist loadgroup`, which pytest-xdist 3.8 cannot do with pytest 9.2."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._groups_file = config.stash[_GROUPS]
        self._groups: Mapping[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        if not self._groups:
            self._groups = json.loads(self._groups_file.read_text())
        return self._groups[nodeid]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=_place)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Send the groups from one worker to the scheduler: only workers know the marks, and all know the same."""
    given: Mapping[str, Any] = getattr(session.config, "workerinput", {})
    if given.get("workerid") == "gw0":
        groups = {item.nodeid: _group(item) for item in session.items}
        Path(given[_GROUPS_FILE]).write_text(json.dumps(groups))


def _place(item: pytest.Item) -> int:
    group = _group(item)
    return _LONGEST_FIRST.index(group) if group in _LONGEST_FIRST else len(_LONGEST_FIRST)


def _group(item: pytest.Item) -> str:
    engines = [name for mark in item.iter_markers("engines") for name in mark.args or ("all",)]
    if engines:
        return "secured" if "secured" in engines else "engines"
    if item.path.is_relative_to(Path(__file__).parent / "web"):
        return "web"
    if item.path.name == "test_outages.py":
        return "outages"
    # Tests that share the session's mesh.
    if "mesh" in getattr(item, "fixturenames", ()):
        return "mesh"
    return str(item.path)
