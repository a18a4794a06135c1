"""Types of an attack: its environment and its result."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an attack. `held`: whether the mesh defended itself; `text`: what happened, for the table."""

    held: bool
    text: str


@dataclass(frozen=True, slots=True)
class Arena:
    """A running mesh, and the attacker's account."""

    mesh: Mesh
    attacker: Person


@dataclass(frozen=True, slots=True)
class Attack:
    """One row of the table. `run` attacks until it has its outcome, at most some 20 s."""

    title: str
    run: Callable[[Arena], Coroutine[object, object, Outcome]]
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the mesh that all attacks share, such as short timeouts. Two rows must not set the same one."""
