"""Prints random sentences of the docstrings of production code, so that people can judge their language.

Usage: `python scripts/sample_docstrings.py SEED N [folder ...]`. The same seed prints the same sentences of the same
tree.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.prose import GENERATED, ROOT, docs, sentences, tracked_files

PRODUCTION = ("kernel", "history", "services", "mesh")


def all_sentences(folders: tuple[str, ...]) -> list[str]:
    """Return `file:line: sentence` for every sentence below these folders."""
    found: list[str] = []
    for path in tracked_files():
        if path.parts[0] not in folders or path.as_posix().startswith(GENERATED):
            continue
        if path.suffix in {".py", ".ts", ".tsx", ".proto"}:
            for doc in docs(path, (ROOT / path).read_text("utf-8")):
                found += [f"{path}:{doc.line}: {sentence}" for sentence in sentences(doc)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int, nargs="?", default=130)
    parser.add_argument("folders", nargs="*", default=PRODUCTION, help="top-level folders (default: production Python)")
    options = parser.parse_args()
    found = all_sentences(tuple(options.folders))
    chosen = random.Random(options.seed).sample(found, min(options.count, len(found)))  # noqa: S311
    print("\n".join(chosen))
    print(f"{len(chosen)} of {len(found)} sentences", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
