"""Decides which findings break a promise: all except those that Chatly documents."""

from collections.abc import Sequence

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.timeline import Fault

_SETTLED_SECONDS = 3.0
"""Seconds after the recovery of Redis in which its hot tail may still be incomplete."""


def broken(findings: Sequence[Finding], faults: Sequence[Fault]) -> list[Finding]:
    """Without Redis there is no hot tail: for a while pages lack messages that are not stored yet. They are not
    lost.
    """
    away = [
        (fault.began, fault.served + _SETTLED_SECONDS)
        for fault in faults
        if any(part.startswith("redis-") for part in fault.parts)
    ]

    def excused(finding: Finding) -> bool:
        return finding.wrong is Wrong.STALE and any(began <= finding.at <= back for began, back in away)

    return [finding for finding in findings if not excused(finding)]
