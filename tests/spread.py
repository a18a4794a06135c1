"""Which tests stay together when several workers run them (`pytest -n 2`): those that share what is slow to start.

Everything that needs the session's engines is one worker's work, so that there is one set of them. The long groups
begin first: whoever is done early takes what is left.
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
_TOLD_IN = "chatly_groups"
_GROUPS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None):
        # By their number of tests groups would be put in order otherwise, not by their time.
        config.option.loadscopereorder = False
        with NamedTemporaryFile(prefix="chatly-groups-", delete=False) as file:
            config.stash[_GROUPS] = Path(file.name)
        config.pluginmanager.register(_Failures(config))


class _Failures:
    """Names a test that has failed at once: among dots of several workers nobody finds it."""

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
    node.workerinput[_TOLD_IN] = str(node.config.stash[_GROUPS])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    return _Groups(config, log) if _GROUPS in config.stash else None


class _Groups(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist is untyped
    """Each group is for one worker. What `--dist loadgroup` does, but pytest-xdist 3.8 cannot do with pytest 9.2."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._told_in = config.stash[_GROUPS]
        self._groups: Mapping[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        if not self._groups:
            self._groups = json.loads(self._told_in.read_text())
        return self._groups[nodeid]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=_place)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """A worker tells which groups there are: only it knows the tests' marks, all workers the same."""
    told: Mapping[str, Any] = getattr(session.config, "workerinput", {})
    if told.get("workerid") == "gw0":
        groups = {item.nodeid: _group(item) for item in session.items}
        Path(told[_TOLD_IN]).write_text(json.dumps(groups))


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
    # The session's mesh.
    if "mesh" in getattr(item, "fixturenames", ()):
        return "mesh"
    return str(item.path)
