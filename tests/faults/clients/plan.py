"""What the devices of one program are to do; the same JSON for those in Python and those in Go."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePlan:
    """One device of one user: it listens, is online, and acts at a steady pace until it is told to be quiet."""

    name: str
    user: str
    token: str
    chats: tuple[str, ...]
    every_seconds: float
    """Between two actions; one that takes longer delays the next."""
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The devices of one program."""

    journal: str
    """Path of the file that they write to."""
    edges: tuple[str, ...]
    """`host:port` of each; a device goes on to the next when one does not answer."""
    devices: Sequence[DevicePlan]

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def plan_of(text: str) -> Plan:
    item = json.loads(text)
    devices = [DevicePlan(**{**device, "chats": tuple(device["chats"])}) for device in item["devices"]]
    return Plan(journal=item["journal"], edges=tuple(item["edges"]), devices=devices)
