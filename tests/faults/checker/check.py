"""All checks of one run. Pure: recordings and stored data in, findings out."""

from collections.abc import Callable, Iterator, Sequence

from tests.faults.checker.checks.deletion import resurrected, wrong_files
from tests.faults.checker.checks.delivery import doubled, lost
from tests.faults.checker.checks.edits import edit_drift
from tests.faults.checker.checks.order import gaps, misordered
from tests.faults.checker.checks.pages import stale
from tests.faults.checker.checks.presence import ghosts
from tests.faults.checker.checks.reactions import reaction_drift
from tests.faults.checker.checks.refusals import refused
from tests.faults.checker.checks.times import wrong_times
from tests.faults.checker.checks.unread import unread_drift
from tests.faults.checker.findings import Finding
from tests.faults.checker.recording import Recording
from tests.faults.checker.stored import Stored

Check = Callable[[Recording, Stored], Iterator[Finding]]

CHECKS: Sequence[Check] = (
    lost,
    doubled,
    misordered,
    gaps,
    unread_drift,
    reaction_drift,
    edit_drift,
    ghosts,
    resurrected,
    wrong_files,
    stale,
    refused,
    wrong_times,
)


def check(recording: Recording, stored: Stored) -> list[Finding]:
    """Return all findings of a run. Empty means that the promise was kept."""
    return [finding for each in CHECKS for finding in each(recording, stored)]
