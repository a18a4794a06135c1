"""While Redis is down a page may be two seconds behind. A page that lacks anything older breaks the promise."""

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.promise import broken
from tests.faults.checker.timeline import Action, Fault

REDIS = Fault(action=Action.KILL, parts=("redis-1",), began=10.0, ended=15.0, served=16.0)
KAFKA = Fault(action=Action.KILL, parts=("kafka-1",), began=30.0, ended=35.0, served=36.0)


def page(at: float, *, age: float, took: float = 0.0, wrong: Wrong = Wrong.STALE) -> Finding:
    return Finding(wrong=wrong, at=at, took=took, age=age, what="")


def test_without_redis_a_page_may_lack_what_was_acknowledged_within_the_last_two_seconds() -> None:
    assert broken([page(12.0, age=1.9), page(18.0, age=0.1, wrong=Wrong.RESURRECTED)], [REDIS, KAFKA]) == []


def test_a_page_is_without_redis_if_redis_went_down_before_the_answer() -> None:
    assert broken([page(9.9, took=0.2, age=0.1)], [REDIS]) == []

    answered = [page(9.9, took=0.05, age=0.1)]
    assert broken(answered, [REDIS]) == answered


def test_without_redis_a_page_that_lacks_an_older_message_breaks_the_promise() -> None:
    late = [page(12.0, age=2.1), page(18.0, age=5.0, wrong=Wrong.RESURRECTED)]

    assert broken(late, [REDIS]) == late


def test_a_stale_page_at_another_time_breaks_the_promise() -> None:
    stale = [page(9.0, age=0.1), page(20.0, age=0.1), page(32.0, age=0.1)]

    assert broken(stale, [REDIS, KAFKA]) == stale


def test_a_lost_message_breaks_the_promise_at_any_time() -> None:
    lost = [Finding(wrong=Wrong.LOST, at=12.0, what="")]

    assert broken(lost, [REDIS]) == lost
