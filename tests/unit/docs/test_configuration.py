"""docs/configuration.md lists every setting, as the settings classes declare it."""

import re

from scripts.check_files import tracked_files
from scripts.configuration import PAGE, ROOT, render

_VARIABLE = re.compile(r"\b(?:CHATLY|ENGINES|OTEL_EXPORTER)_[A-Z0-9_]*[A-Z0-9]\b")
_OF_A_SERVICE = re.compile(r"^CHATLY_(AUTH|MESSAGING|PRESENCE|MEDIA|PERSISTER)_(?=(GRPC|HTTP|METRICS)_|ADDRESS$)")
# What a user sets or sees: programs, images and manifests.
_READ = ("kernel", "history", "services", "mesh", "engines", "deploy", "Dockerfile", "docker-compose.yml")
# An example in a docstring.
_NO_SETTINGS = {"CHATLY_AUTH_PORT"}


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == render(), "run .venv/bin/python scripts/configuration.py"


def test_the_page_lists_every_variable_that_a_program_or_a_manifest_names() -> None:
    listed = set(re.findall(r"^\| `([^`]+)`", PAGE.read_text(), re.MULTILINE))
    unlisted = {
        variable
        for path in tracked_files(ROOT)
        if path.parts[0] in _READ and path.suffix in {"", ".py", ".env", ".yaml", ".yml"}
        for variable in _VARIABLE.findall((ROOT / path).read_text())
        if not {variable, variable.removesuffix("_FILE"), _OF_A_SERVICE.sub("CHATLY_<SERVICE>_", variable)} & listed
    }

    assert unlisted <= _NO_SETTINGS
