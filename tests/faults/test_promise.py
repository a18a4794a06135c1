"""A page may lack unstored messages while Redis is unreachable, and at no other time."""

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.promise import broken
from tests.faults.checker.timeline import Action, Fault

REDIS = Fault(action=Action.KILL, parts=("redis-1",), began=10.0, ended=15.0, served=16.0)
KAFKA = Fault(action=Action.KILL, parts=("kafka-1",), began=30.0, ended=35.0, served=36.0)


def finding(wrong: Wrong, at: float) -> Finding:
    return Finding(wrong=wrong, at=at, what="")


def test_a_stale_page_without_redis_breaks_no_promise() -> None:
    assert broken([finding(Wrong.STALE, 12.0), finding(Wrong.STALE, 18.0)], [REDIS, KAFKA]) == []


def test_a_stale_page_at_another_time_breaks_the_promise() -> None:
    stale = [finding(Wrong.STALE, 9.0), finding(Wrong.STALE, 20.0), finding(Wrong.STALE, 32.0)]

    assert broken(stale, [REDIS, KAFKA]) == stale


def test_a_lost_message_breaks_the_promise_at_any_time() -> None:
    lost = [finding(Wrong.LOST, 12.0)]

    assert broken(lost, [REDIS]) == lost
