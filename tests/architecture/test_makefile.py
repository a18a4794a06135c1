"""`make help` lists every target."""

import re
import subprocess

from tests.architecture.sources import ROOT


def test_help_describes_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):(?!=)", makefile, re.MULTILINE))

    printed = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert targets
    assert set(re.findall(r"^  make ([a-z0-9-]+) +\S", printed, re.MULTILINE)) == targets


def test_every_target_is_phony() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert set(phony.split()) == set(re.findall(r"^([a-z0-9-]+):(?!=)", makefile, re.MULTILINE))
