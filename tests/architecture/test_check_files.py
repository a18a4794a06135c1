"""The check of file sizes and hosts finds what it is there to find."""

from pathlib import Path

from scripts.check_files import complaints


def test_a_source_of_four_hundred_lines_may_stay_and_one_more_is_too_many() -> None:
    assert complaints(Path("a.py"), "x = 1\n" * 400) == []
    assert complaints(Path("a.py"), "x = 1\n" * 401) == ["a.py: 401 lines, at most 400"]


def test_prose_and_locks_may_be_long() -> None:
    assert complaints(Path("requirements.lock"), "line\n" * 5000) == []


def test_a_package_registry_is_named_with_its_line() -> None:
    host = "PyPI" + ".org"

    assert complaints(Path("README.md"), f"first\nhttps://{host}/simple\n") == [
        f"README.md:2: names the package registry {host}"
    ]


def test_a_namespace_that_only_looks_like_a_host_is_no_registry() -> None:
    assert complaints(Path("pom.xml"), '<project xmlns="http://maven.apache.org/POM/4.0.0">') == []
