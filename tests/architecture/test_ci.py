"""The jobs of the public workflow together run every check and every test."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.architecture.sources import ROOT

Job = dict[str, Any]


def jobs() -> dict[str, Job]:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    return {job["name"]: job for job in workflow["jobs"]["ci"]["strategy"]["matrix"]["include"]}


def folders_of_tests() -> set[str]:
    return {Path(path).parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}


def test_every_part_of_the_work_is_a_job_with_a_time_limit() -> None:
    assert jobs().keys() == {"lint", "unit", "contract and rpc", "mesh", "engines", "web", "attacks", "faults"}
    assert all(10 <= job["minutes"] <= 40 for job in jobs().values())


def test_jobs_run_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))

    for job in jobs().values():
        commands = [command.split()[:2] for command in job["run"].split(" && ")]
        assert all(make == "make" and target in targets for make, target in commands)


def test_every_folder_of_tests_is_in_a_job() -> None:
    run = " ".join(job["run"] for job in jobs().values())

    assert "make test-web" in run
    assert set(re.findall(r"tests/(\w+)", run)) | {"web"} == folders_of_tests()


def test_a_folder_that_is_run_without_engines_is_run_with_them_too() -> None:
    without = {folder for job in jobs().values() if "not engines" in job["run"] for folder in folders(job)}

    assert without - {"rpc"} <= folders(jobs()["engines"])


def folders(job: Job) -> set[str]:
    return set(re.findall(r"tests/(\w+)", job["run"]))
