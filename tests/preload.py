"""Compiles the libraries that tests put before the C library of a process (LD_PRELOAD)."""

import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp


@cache
def preload_library(source: Path) -> Path:
    """Compile a C file once per process, and return the library."""
    library = Path(mkdtemp(prefix="chatly-preload-")) / f"{source.stem}.so"
    options = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["gcc", *options, "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library
