"""A small network of its own for a run: every part has an address, and can be cut off from all others."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Protocol

from mesh.services import SERVICES

_KINDS = ("kafka", "cassandra", "redis", "s3", *SERVICES, "edge")
_INSIDE = "CHATLY_FAULTS_INSIDE"
_BRIDGE = "chatly"
# With a network, processes and mounts of its own: all of it ends with the program, however that ends.
_UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc")
_AS_ROOT = ("--user", "--map-root-user")
_PROBE = ("sh", "-c", f"ip link set lo up && ip link add {_BRIDGE} type bridge && mount -t tmpfs tmpfs /run")


class Network(Protocol):
    """Where parts live. A part is named by its kind and its number, `kafka-2`, in at most 14 characters."""

    can_cut: bool

    def host(self, part: str) -> str:
        """The address of a part; `{}` for its number gives the pattern of all parts of that kind."""

    def join(self, part: str) -> Sequence[str]:
        """Give a new part its address; what its command is to begin with."""

    def cut(self, part: str) -> None:
        """Nothing goes in or out from now on; connections stay, and are silent."""

    def mend(self, part: str) -> None:
        """It has its network back."""


class Namespaces:
    """A network namespace for each part, joined to a bridge by a pair of virtual interfaces; cutting takes one down."""

    can_cut = True

    def __init__(self) -> None:
        _run("ip", "link", "set", "lo", "up")
        # `ip netns` keeps its names here; /run of the machine stays as it is.
        _run("mount", "-t", "tmpfs", "tmpfs", "/run")
        _run("ip", "link", "add", _BRIDGE, "type", "bridge")
        _run("ip", "address", "add", "10.77.0.1/16", "dev", _BRIDGE)
        _run("ip", "link", "set", _BRIDGE, "up")

    def host(self, part: str) -> str:
        return f"10.77.{_numbers(part)}"

    def join(self, part: str) -> Sequence[str]:
        inside = ("nsenter", f"--net=/run/netns/{part}", "--")
        _run("ip", "netns", "add", part)
        _run("ip", "link", "add", part, "type", "veth", "peer", "name", "eth0", "netns", part)
        _run("ip", "link", "set", part, "master", _BRIDGE, "up")
        _run(*inside, "ip", "address", "add", f"{self.host(part)}/16", "dev", "eth0")
        for name in ("eth0", "lo"):
            _run(*inside, "ip", "link", "set", name, "up")
        return inside

    def cut(self, part: str) -> None:
        _run("ip", "link", "set", part, "down")

    def mend(self, part: str) -> None:
        _run("ip", "link", "set", part, "up")


class Loopback:
    """Addresses of the loopback, where namespaces are not allowed: nothing can be cut off here."""

    can_cut = False

    def host(self, part: str) -> str:
        return f"127.77.{_numbers(part)}"

    def join(self, part: str) -> Sequence[str]:
        return ()

    def cut(self, part: str) -> None:
        raise NotImplementedError(f"{part} shares the loopback with everything else")

    def mend(self, part: str) -> None:
        raise NotImplementedError(f"{part} shares the loopback with everything else")


def _numbers(part: str) -> str:
    """The last two of an address."""
    kind, _, number = part.partition("-")
    return f"{_KINDS.index(kind) + 1}.{number}"


def enclosed() -> Network | None:
    """The network of this process; None where `enclose` has not been called for it."""
    inside = os.environ.get(_INSIDE)
    return None if inside is None else Namespaces() if inside == "namespaces" else Loopback()


def unshare() -> Sequence[str] | None:
    """What a command begins with that is to run in namespaces of its own; None where they are not to be had."""
    for command in (_UNSHARE, (*_UNSHARE, *_AS_ROOT)):
        if (
            shutil.which("unshare")
            and subprocess.run([*command, *_PROBE], capture_output=True, check=False).returncode == 0
        ):
            return command
    return None


def enclose(arguments: Sequence[str]) -> None:
    """Become `python -m tests.faults ...` again, inside of namespaces where this machine lets us have them."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHATLY_")}
    # Servers that live for minutes, on few cores: they are to start soon rather than to be fast in the end.
    environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    command = [sys.executable, "-m", "tests.faults", *arguments]
    found = unshare()
    if found is not None:
        os.execvpe(found[0], [*found, *command], {**environ, _INSIDE: "namespaces"})
    print("no network namespaces here (needs root, or user namespaces): nothing will be cut off", file=sys.stderr)
    os.execve(sys.executable, command, {**environ, _INSIDE: "loopback"})


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
