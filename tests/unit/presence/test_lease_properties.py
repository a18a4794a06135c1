"""Leases under any interleaving of devices: online states are correct and versions grow."""

from dataclasses import dataclass, field
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import UserId
from services.presence.adapters.memory import MemoryLeases
from services.presence.model import Connection, OnlineState
from tests.fakes import FakeClock

TTL = 10
ANN, BOB = UserId("ann"), UserId("bob")

connections = st.builds(
    Connection, st.sampled_from([ANN, BOB]), st.sampled_from([UUID(int=1), UUID(int=2), UUID(int=3)])
)
steps = st.one_of(
    st.tuples(st.just("hold"), connections),
    st.tuples(st.just("release"), connections),
    st.tuples(st.just("advance"), st.integers(1, 12)),
    st.tuples(st.just("sweep"), st.none()),
)


@dataclass
class Expected:
    """A model of the rules: when each lease expires, and who is online."""

    now: float = 0
    expires_at: dict[Connection, float] = field(default_factory=dict)
    online: set[UserId] = field(default_factory=set)

    def hold(self, connection: Connection) -> list[UserId]:
        self.expires_at[connection] = self.now + TTL
        came = [] if connection.user_id in self.online else [connection.user_id]
        self.online.add(connection.user_id)
        return came

    def release(self, connection: Connection) -> None:
        if connection in self.expires_at:
            self.expires_at[connection] = self.now + TTL / 2

    def remove_expired(self) -> set[UserId]:
        self.expires_at = {connection: at for connection, at in self.expires_at.items() if at > self.now}
        left = {connection.user_id for connection in self.expires_at}
        gone, self.online = self.online - left, self.online & left
        return gone


@given(st.lists(steps, max_size=40))
async def test_any_interleaving_of_devices_gives_correct_states(steps: list[tuple[str, object]]) -> None:
    clock, expected = FakeClock(), Expected()
    leases = MemoryLeases(clock=clock)
    before = await leases.read([ANN, BOB])

    for name, argument in steps:
        if isinstance(argument, Connection) and name == "hold":
            assert list(await leases.hold([argument], ttl=TTL)) == expected.hold(argument)
        elif isinstance(argument, Connection):
            await leases.release(argument, grace=TTL / 2)
            expected.release(argument)
        elif isinstance(argument, int):
            clock.advance(argument)
            expected.now += argument
        else:
            assert set(await leases.remove_expired()) == expected.remove_expired()

        after = await leases.read([ANN, BOB])
        assert {user_id for user_id, state in after.items() if state.online} == expected.online
        assert all(is_newer_or_same(after[user_id], before[user_id]) for user_id in (ANN, BOB))
        before = after


def is_newer_or_same(after: OnlineState, before: OnlineState) -> bool:
    """Return whether the version grew, or nothing changed."""
    return after.version > before.version or after == before
