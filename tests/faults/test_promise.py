"""A page may lack what is not stored yet while Redis is away, and at no other time."""

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.promise import broken
from tests.faults.checker.timeline import Fault, Hurt

REDIS = Fault(hurt=Hurt.KILL, parts=("redis-1",), began=10.0, ended=15.0, served=16.0)
KAFKA = Fault(hurt=Hurt.KILL, parts=("kafka-1",), began=30.0, ended=35.0, served=36.0)


def finding(wrong: Wrong, at: float) -> Finding:
    return Finding(wrong=wrong, at=at, what="")


def test_a_stale_page_while_redis_is_away_breaks_no_promise() -> None:
    assert broken([finding(Wrong.STALE, 12.0), finding(Wrong.STALE, 18.0)], [REDIS, KAFKA]) == []


def test_a_stale_page_at_another_time_does() -> None:
    stale = [finding(Wrong.STALE, 9.0), finding(Wrong.STALE, 20.0), finding(Wrong.STALE, 32.0)]

    assert broken(stale, [REDIS, KAFKA]) == stale


def test_a_lost_message_does_at_any_time() -> None:
    lost = [finding(Wrong.LOST, 12.0)]

    assert broken(lost, [REDIS]) == lost
