"""Documents name only variables, metrics and error reasons that exist."""

import re

from chatly.error.v1.error_reason_pb2 import ErrorReason
from google.rpc.code_pb2 import Code

from scripts.check_files import tracked_files
from scripts.configuration import PAGE, ROOT

# What was measured, decided or changed keeps the names of its time.
_OF_ITS_TIME = ("docs/adr/", "CHANGELOG.md", "bench/README.md")
TEXTS = {
    str(path): (ROOT / path).read_text()
    for path in tracked_files(ROOT)
    if path.suffix == ".md" and not str(path).startswith(_OF_ITS_TIME)
}


def named(pattern: str) -> set[str]:
    """Return what the pattern's group matches in all documents."""
    return {name for text in TEXTS.values() for name in re.findall(pattern, text)}


def test_variables_are_in_the_list_of_settings() -> None:
    listed = "\n".join(re.findall(r"^\| `([^`]+)`", PAGE.read_text(), re.MULTILINE))
    variables = {name.removesuffix("_FILE") for name in named(r"\b(?:CHATLY|ENGINES|OTEL)_[A-Z_]*[A-Z]\b")}

    assert not {name for name in variables if name not in listed}


def test_metrics_exist() -> None:
    sources = "\n".join(
        (ROOT / path).read_text()
        for path in tracked_files(ROOT)
        if path.parts[0] in {"kernel", "history", "services", "mesh"} and path.suffix == ".py"
    )

    # The cookies of auth match too: they are in the sources as well.
    assert not {name for name in named(r"`(chatly_[a-z_]+)") if name.removesuffix("_total") not in sources}


def test_error_reasons_exist() -> None:
    known = {value.name.removeprefix("ERROR_REASON_") for value in ErrorReason.DESCRIPTOR.values} | {*Code.keys()}
    others = ("CHATLY_", "ENGINES_", "NOT_SERVING", "OTEL_", "SASL_SSL", "STORAGE_UNAVAILABLE")

    assert not {name for name in named(r"`([A-Z]{3,}(?:_[A-Z]+)+)`") - known if not name.startswith(others)}


def test_classes_and_alerts_exist() -> None:
    sources = "\n".join(
        (ROOT / path).read_text()
        for path in tracked_files(ROOT)
        if path.suffix in {".java", ".proto", ".py", ".ts", ".tsx", ".yml"} and path.parts[0] != "gen"
    )
    words = set(re.findall(r"\w+", sources))
    camel_case = named(r"`(?:\w+\.)*([A-Z][a-z]+(?:[A-Z][a-z]+)+)(?:\.\w+)*`")

    assert camel_case - words <= {"CreateContainerConfigError"}
