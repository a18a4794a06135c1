"""The plan for the devices of one program, the same JSON for Python and Go."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePlan:
    """One device of one user: it subscribes, is online, and acts at a steady rate until asked to be quiet."""

    name: str
    user: str
    token: str
    chats: tuple[str, ...]
    every_seconds: float
    """Between two actions. A longer action delays the next."""
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The devices of one program."""

    recording: str
    """Path of their recording."""
    edges: tuple[str, ...]
    """`host:port` of each edge. A device uses the next one if an edge does not answer."""
    devices: Sequence[DevicePlan]

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def plan_of(text: str) -> Plan:
    item = json.loads(text)
    devices = [DevicePlan(**{**device, "chats": tuple(device["chats"])}) for device in item["devices"]]
    return Plan(recording=item["recording"], edges=tuple(item["edges"]), devices=devices)
