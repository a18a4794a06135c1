"""A private network for a run: every part has an address and can be cut off from all others."""

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
# New network, process and mount namespaces: everything in them ends with the program.
_UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc")
_AS_ROOT = ("--user", "--map-root-user")
_PROBE = ("sh", "-c", f"ip link set lo up && ip link add {_BRIDGE} type bridge && mount -t tmpfs tmpfs /run")


class Network(Protocol):
    """The network of the parts. A part is named by its kind and number, `kafka-2`, in at most 14 characters."""

    can_cut: bool

    def host(self, part: str) -> str:
        """Return the address of a part; `{}` for its number gives the pattern of all parts of that kind."""

    def join(self, part: str) -> Sequence[str]:
        """Give a new part its address and return the prefix of its command."""

    def cut(self, part: str) -> None:
        """Cut its network in both directions; connections stay open and are silent."""

    def restore(self, part: str) -> None:
        """Restore its network."""


class Namespaces:
    """A network namespace for each part, connected to a bridge by a pair of virtual interfaces. A cut takes one
    down.
    """

    can_cut = True

    def __init__(self) -> None:
        _run("ip", "link", "set", "lo", "up")
        # `ip netns` stores names here; /run of the machine stays unchanged.
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

    def restore(self, part: str) -> None:
        _run("ip", "link", "set", part, "up")


class Loopback:
    """Loopback addresses, if namespaces are not allowed: nothing can be cut off then."""

    can_cut = False

    def host(self, part: str) -> str:
        return f"127.77.{_numbers(part)}"

    def join(self, part: str) -> Sequence[str]:
        return ()

    def cut(self, part: str) -> None:
        raise NotImplementedError(f"{part} uses the loopback, which cannot be cut")

    def restore(self, part: str) -> None:
        raise NotImplementedError(f"{part} uses the loopback, which cannot be cut")


def _numbers(part: str) -> str:
    """The last two bytes of an address."""
    kind, _, number = part.partition("-")
    return f"{_KINDS.index(kind) + 1}.{number}"


def enclosed() -> Network | None:
    """Return the network of this process; None if `enclose` was not called for it."""
    inside = os.environ.get(_INSIDE)
    return None if inside is None else Namespaces() if inside == "namespaces" else Loopback()


def unshare() -> Sequence[str] | None:
    """Return the prefix of a command that runs in new namespaces; None if there is no permission."""
    for command in (_UNSHARE, (*_UNSHARE, *_AS_ROOT)):
        if (
            shutil.which("unshare")
            and subprocess.run([*command, *_PROBE], capture_output=True, check=False).returncode == 0
        ):
            return command
    return None


def enclose(arguments: Sequence[str]) -> None:
    """Run `python -m tests.faults ...` again inside namespaces, if this machine allows it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHATLY_")}
    # Servers that live for minutes on few cores: a fast start matters more than a fast steady state.
    environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    command = [sys.executable, "-m", "tests.faults", *arguments]
    found = unshare()
    if found is not None:
        os.execvpe(found[0], [*found, *command], {**environ, _INSIDE: "namespaces"})
    print("no permission for network namespaces (needs root or user namespaces): no network is cut", file=sys.stderr)
    os.execve(sys.executable, command, {**environ, _INSIDE: "loopback"})


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
