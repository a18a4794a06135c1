"""The check of file sizes and registry names finds violations."""

from pathlib import Path

from scripts.check_files import violations


def test_a_source_file_has_at_most_400_lines() -> None:
    assert violations(Path("a.py"), "x = 1\n" * 400) == []
    assert violations(Path("a.py"), "x = 1\n" * 401) == ["a.py: 401 lines, at most 400"]


def test_prose_and_locks_may_be_long() -> None:
    assert violations(Path("requirements.lock"), "line\n" * 5000) == []


def test_a_package_registry_is_reported_with_its_line() -> None:
    host = "PyPI" + ".org"

    assert violations(Path("README.md"), f"first\nhttps://{host}/simple\n") == [
        f"README.md:2: names the package registry {host}"
    ]


def test_a_namespace_that_looks_like_a_host_is_not_reported() -> None:
    assert violations(Path("pom.xml"), '<project xmlns="http://maven.apache.org/POM/4.0.0">') == []
