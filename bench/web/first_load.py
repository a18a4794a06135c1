"""What a browser fetches before the client draws anything: the page's scripts, and all that they import at once."""

import gzip
import re
from pathlib import Path

from bench.sides.side import Result

_DIST = Path(__file__).parents[2] / "web/dist"
_NAMED = re.compile(r'(?:src|href)="(/assets/[^"]+\.js)"')
# As the bundler writes them: import{a as b}from"./chunk.js"; a call import("./chunk.js") is for later.
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
