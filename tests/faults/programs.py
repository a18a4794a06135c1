"""The two programs that run the devices: one in Python, one in Go."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.faults.clients.plan import Plan

ROOT = Path(__file__).parents[2]
_COMMANDS = {
    "python": (sys.executable, "-m", "tests.faults.clients"),
    "go": (str(ROOT / ".cache" / "bin" / "chatly-talker"),),
}
_END_SECONDS = 10.0


class Program:
    """A running program with its devices."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def check(self) -> None:
        """Raise RuntimeError if the program exited: its recording would be incomplete."""
        if self._process.poll() is not None:
            raise RuntimeError(f"the devices exited with {self._process.returncode}; see their logs")

    def hush(self) -> None:
        """Ask its devices to finish their actions, and to only receive from then on."""
        self._tell("quiet\n")

    def kill(self) -> None:
        """Kill all its devices at once."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def end(self) -> None:
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(line)
            self._process.stdin.flush()


@contextmanager
def running_programs(plans: Mapping[str, Plan]) -> Iterator[dict[str, Program]]:
    programs: dict[str, Program] = {}
    try:
        for language, plan in plans.items():
            programs[language] = _start(language, plan)
        yield programs
    finally:
        for program in programs.values():
            program.end()


def build() -> None:
    """Build the program in Go. A second build compiles only what changed."""
    subprocess.run([str(ROOT / "tests" / "faults" / "talker" / "build.sh")], check=True)


def _start(language: str, plan: Plan) -> Program:
    with Path(plan.recording).with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            _COMMANDS[language], stdin=subprocess.PIPE, stdout=log, stderr=log, text=True, cwd=ROOT, env=os.environ
        )
    program = Program(process)
    program._tell(plan.to_json() + "\n")
    return program
