"""Checks every tracked file: no source file is too long, and no file names a package registry."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

MAX_LINES = 400
# Protos have no limit: a service's contract is one file and mostly comments.
SOURCES = {".css", ".go", ".html", ".java", ".js", ".jsx", ".mjs", ".py", ".sh", ".sql", ".ts", ".tsx"}
# Generated files, and files of other projects.
NOT_OURS = ("gen/", "third_party/", "web/src/gen/")
# Each machine chooses its registry (a mirror, a proxy, a cache); the repository names none.
REGISTRY = re.compile(
    r"pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|yarnpkg[.]com|crates[.]io|"
    r"repo1?[.]maven|maven[.]org|(?:proxy|sum)[.]golang[.]org|rubygems[.]org|buf[.]build/(?:go|gen)",
    re.IGNORECASE,
)


def tracked_files(root: Path) -> list[Path]:
    """Return every file that git tracks or would track, relative to root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listing.split("\0") if name and (root / name).is_file()]


def violations(path: Path, text: str) -> list[str]:
    """Return the violations in one file, as lines to print."""
    lines = text.splitlines()
    found = [
        f"{path}:{number}: names the package registry {match.group()}"
        for number, line in enumerate(lines, start=1)
        if (match := REGISTRY.search(line))
    ]
    if path.suffix in SOURCES and len(lines) > MAX_LINES:
        found.append(f"{path}: {len(lines)} lines, at most {MAX_LINES}")
    return found


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    ours = [path for path in tracked_files(root) if not path.as_posix().startswith(NOT_OURS)]
    # Binary files are read too, so that a registry inside them is found.
    found = [line for path in ours for line in violations(path, (root / path).read_text("utf-8", errors="replace"))]
    print("\n".join(found) or f"{len(ours)} files are in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
