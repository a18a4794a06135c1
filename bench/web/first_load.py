"""Bytes that a browser fetches before the client draws anything: the page's scripts and their static imports."""

import gzip
import re
from pathlib import Path

from bench.sides.side import Result

_DIST = Path(__file__).parents[2] / "web/dist"
_NAMED = re.compile(r'(?:src|href)="(/assets/[^"]+\.js)"')
# As written by the bundler: import{a as b}from"./chunk.js". A call of import("./chunk.js") is dynamic.
_IMPORTED = re.compile(r'(?:from|import)"\./([^"]+\.js)"')


def measure() -> Result:
    wanted = [name.removeprefix("/assets/") for name in _NAMED.findall((_DIST / "index.html").read_text())]
    sizes: dict[str, int] = {}
    while wanted:
        name = wanted.pop()
        if name in sizes:
            continue
        script = (_DIST / "assets" / name).read_bytes()
        sizes[name] = len(gzip.compress(script, 6))
        wanted += _IMPORTED.findall(script.decode())
    return {"gzip_kb": sum(sizes.values()) / 1000, "files": sizes}
