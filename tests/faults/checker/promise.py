"""Which findings break a promise: all but what Chatly says that it does not promise."""

from collections.abc import Sequence

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.timeline import Fault

_SETTLED_SECONDS = 3.0
"""As long after Redis is back its hot tail may still be on its way there."""


def broken(findings: Sequence[Finding], faults: Sequence[Fault]) -> list[Finding]:
    """Without Redis there is no hot tail: what is not stored yet, pages do not show for a moment. It is not lost."""
    away = [
        (fault.began, fault.served + _SETTLED_SECONDS)
        for fault in faults
        if any(part.startswith("redis-") for part in fault.parts)
    ]

    def excused(finding: Finding) -> bool:
        return finding.wrong is Wrong.STALE and any(began <= finding.at <= back for began, back in away)

    return [finding for finding in findings if not excused(finding)]
