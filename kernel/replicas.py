"""How many replicas the engines keep, and what fewer of them cost. Contacts no engine."""

from dataclasses import dataclass

SAFE_REPLICAS = 3
"""With three replicas, one machine can be lost while everything continues and every write is on two disks."""

ANY_DATACENTER = ""
"""Key of the replicas that may be in any datacenter."""


@dataclass(frozen=True, slots=True)
class ReplicaFault:
    """Fewer replicas than are safe. `remedy` names the command or setting that corrects it."""

    detail: str
    remedy: str
    chosen: bool = False
    """True if the setting asks for it: a warning. False if the engine has fewer replicas than the setting."""


def plural(count: int, noun: str) -> str:
    """Return `1 broker` or `3 brokers`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
