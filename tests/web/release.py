"""A second version of the built client: the same code under other file names, like a build of changed code."""

import hashlib
import re
import shutil
from pathlib import Path

_TEXTS = {".html", ".js", ".css"}
_PAGE = re.compile(r"(url:[`'\"]/index\.html[`'\"],revision:[`'\"])\w+")


class Release:
    """A folder with the client's files for an edge: the first version until `replace`."""

    def __init__(self, dist: Path, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(dist, folder)

    def replace(self) -> None:
        """Replace all files by the second version, whose page has `data-version="2"`."""
        assets = self.folder / "assets"
        names = {file.name: f"{file.stem}2{file.suffix}" for file in assets.iterdir()}
        for file in self.folder.rglob("*"):
            if file.suffix in _TEXTS:
                file.write_text(_renamed(file.read_text(), names))
        for old, new in names.items():
            (assets / old).rename(assets / new)
        page = self.folder / "index.html"
        page.write_text(page.read_text().replace("<html ", '<html data-version="2" ', 1))
        worker = self.folder / "sw.js"
        revision = hashlib.sha256(page.read_bytes()).hexdigest()[:16]
        worker.write_text(_PAGE.sub(rf"\g<1>{revision}", worker.read_text()))


def _renamed(text: str, names: dict[str, str]) -> str:
    return re.sub("|".join(map(re.escape, names)), lambda found: names[found[0]], text)
