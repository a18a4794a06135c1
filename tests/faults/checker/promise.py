"""Decides which findings break a promise: all, except that without Redis a page may be two seconds behind."""

from collections.abc import Sequence

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.timeline import Fault

BEHIND_SECONDS = 2.0
"""Without the shared hot tail a node shows what other nodes acknowledged within this time, from the log."""
_SETTLED_SECONDS = 3.0
"""Seconds after the recovery of Redis in which its hot tail may still be incomplete."""


def broken(findings: Sequence[Finding], faults: Sequence[Fault]) -> list[Finding]:
    """Return the findings without those of pages that were at most BEHIND_SECONDS behind while Redis was down."""
    down = [
        (fault.began, fault.served + _SETTLED_SECONDS)
        for fault in faults
        if any(part.startswith("redis-") for part in fault.parts)
    ]

    def is_promised(finding: Finding) -> bool:
        recent = finding.age is not None and finding.age <= BEHIND_SECONDS
        return recent and any(began <= finding.at + finding.took and finding.at <= back for began, back in down)

    return [finding for finding in findings if not is_promised(finding)]


def unreported(faults: Sequence[Fault]) -> list[Finding]:
    """Return a finding for each lost log and each wrong clock that Chatly did not report."""
    return [
        Finding(wrong=Wrong.UNREPORTED, at=fault.began, what=f"{fault.name}: {fault.unreported}")
        for fault in faults
        if fault.unreported
    ]
