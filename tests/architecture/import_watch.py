"""A program, `import_watch.py <folder> <module> ...`: imports the modules and prints everything this did besides
importing.

Prints one line per action of code in the folder: file and line, the event, and its first argument. A thread that is
left running is printed with the module imported just before.
"""

import importlib
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path

LOUD = {
    "os.fork",
    "os.mkdir",
    "os.putenv",
    "os.remove",
    "os.rename",
    "os.system",
    "socket.__new__",
    "sqlite3.connect",
    "subprocess.Popen",
}


def _is_loud(event: str, args: tuple[object, ...]) -> bool:
    if event == "open":
        _, mode, _ = args
        return isinstance(mode, str) and any(letter in mode for letter in "wax+")
    return event in LOUD


def _culprit(stack: Sequence[traceback.FrameSummary], folder: Path) -> str | None:
    """Return the line of the folder that caused the event. Actions of libraries during their import are not ours to
    change.
    """
    for frame in reversed(stack):
        if frame.filename.startswith("<frozen importlib"):
            return None
        file = Path(frame.filename)
        if file.is_relative_to(folder) and "site-packages" not in file.parts:
            return f"{file.relative_to(folder)}:{frame.lineno}"
    return None


def report(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")


def main(folder: Path, names: Sequence[str]) -> None:
    def watch(event: str, args: tuple[object, ...]) -> None:
        # The last frame is this hook.
        if _is_loud(event, args) and (culprit := _culprit(traceback.extract_stack()[:-1], folder)):
            report(culprit, event, *map(str, args[:1]))

    sys.dont_write_bytecode = True
    sys.addaudithook(watch)
    known = set(threading.enumerate())
    for name in names:
        importlib.import_module(name)
        for thread in set(threading.enumerate()) - known:
            known.add(thread)
            report(name, "thread", thread.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
