"""Chatly's goals, and whether the results meet them."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.pairs import CPU
from bench.site.findings import Findings

_ONE, _TWO = "Chatly, 1 node", "Chatly, 2 nodes"
_BARE, _SEED, _CHAIN = "bare grpc.aio", "seed's stack", "bare chain"
_DELIVERY = "CPU of its own processes, µs per delivery"
_STREAM = "KiB per stream, a connection each"
_FEW, _MANY = "100 users in 50 chats", "1,000 users in 500 chats"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A limit for a value of one side, alone or as a ratio to `over`."""

    text: str
    section: str
    what: str
    side: str
    over: str = ""
    limit: float

    def value(self, findings: Findings) -> float | None:
        """Return None if it was not measured."""
        found = findings.get(self.section)
        if found is None:
            return None
        value, base = found.median(self.what, self.side), found.median(self.what, self.over) if self.over else 1.0
        return None if value is None or not base else value / base


TARGETS: Sequence[Target] = (
    *(
        Target(text=f"durable message, {how}: below the seed's stack", over=_SEED, limit=1.0, **where)
        for how, where in (
            ("saturated", {"section": "saturated", "what": CPU, "side": _ONE}),
            ("200/s", {"section": "rate200", "what": CPU, "side": _ONE}),
            ("500/s", {"section": "rate500", "what": CPU, "side": _ONE}),
        )
    ),
    Target(
        text="durable message, saturated: below half of Tinode's 1,100 µs",
        section="saturated",
        what=CPU,
        side=_ONE,
        limit=550,
    ),
    Target(
        text="security, durability, routing add at most 2 × bare grpc.aio (so ×3 in all), saturated",
        section="saturated",
        what=CPU,
        side=_ONE,
        over=_BARE,
        limit=3,
    ),
    Target(
        text="… the same at 500/s",
        section="rate500",
        what=CPU,
        side=_ONE,
        over=_BARE,
        limit=3,
    ),
    Target(
        text="fan-out to 200, embedded, µs a delivery",
        section="fanout",
        what=_DELIVERY,
        side="Chatly embedded",
        limit=12,
    ),
    Target(text="fan-out to 200, real engines, µs a delivery", section="fanout", what=_DELIVERY, side=_ONE, limit=12),
    Target(text="two nodes at 500/s, p50, ms", section="rate500", what="delivered p50, ms", side=_TWO, limit=5),
    Target(text="two nodes at 500/s, p99, ms", section="rate500", what="delivered p99, ms", side=_TWO, limit=25),
    Target(
        text="two nodes at 200/s, p50 over the bare chain's",
        section="two_nodes",
        what="delivered p50, ms",
        side=_TWO,
        over=_CHAIN,
        limit=2,
    ),
    Target(
        text="two nodes at 200/s, p99 over the bare chain's",
        section="two_nodes",
        what="delivered p99, ms",
        side=_TWO,
        over=_CHAIN,
        limit=3,
    ),
    Target(text="KiB per idle subscription, embedded", section="idle", what=_STREAM, side="Chatly embedded", limit=40),
    Target(text="KiB per idle subscription, real engines", section="idle", what=_STREAM, side=_ONE, limit=40),
    Target(
        text="10 × users and chats, embedded",
        section="growth_users",
        what=CPU,
        side=f"Chatly embedded, {_MANY}",
        over=f"Chatly embedded, {_FEW}",
        limit=1.1,
    ),
    Target(
        text="10 × users and chats, real engines",
        section="growth_users",
        what=CPU,
        side=f"{_ONE}, {_MANY}",
        over=f"{_ONE}, {_FEW}",
        limit=1.1,
    ),
    Target(text="10 × the nodes", section="growth_nodes", what=CPU, side="Chatly, 10 nodes", over=_ONE, limit=1.1),
)


@dataclass(frozen=True, slots=True)
class Check:
    """A goal and the finding, as texts for people."""

    text: str
    goal: str
    found: str
    result: str


def checks(findings: Findings) -> list[Check]:
    return [_check(target, target.value(findings)) for target in TARGETS]


def _check(target: Target, value: float | None) -> Check:
    sign = "×" if target.over else ""
    goal = f"≤ {sign}{target.limit:g}"
    if value is None:
        return Check(target.text, goal, "–", "not measured")
    result = "met" if value <= target.limit else f"missed, ×{value / target.limit:.2f} of the goal"
    return Check(target.text, goal, f"{sign}{value:,.0f}" if value >= 100 else f"{sign}{value:.3g}", result)


def markdown(findings: Findings) -> str:
    lines = ["| target | goal | found | |", "| --- | --- | --- | --- |"]
    lines += [f"| {each.text} | {each.goal} | {each.found} | {each.result} |" for each in checks(findings)]
    return "\n".join(lines)
