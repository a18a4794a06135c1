"""Appending through any client library: order, results in batches, and records that are not acknowledged."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from zlib import crc32

import pytest

from kernel.errors import ChatlyError, KernelReason
from kernel.kafka.append import KafkaAppender, Sent
from kernel.kafka.confluent import producer_options
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogPosition
from kernel.settings import SettingsError, load

SETTINGS = KafkaSettings(bootstrap=("a:1", "b:2"), partitions=12)


class FakeProducer:
    """Acknowledges when the test says so, on another thread as the client libraries do."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes, bytes]] = []
        self._done: list[Sent] = []

    def send(self, partition: int, key: bytes, value: bytes, done: Sent) -> None:
        self.sent.append((partition, key, value))
        self._done.append(done)

    def answer(self, results: Sequence[int | BaseException]) -> None:
        def call() -> None:
            for done, result in zip(self._done, results, strict=True):
                done(result)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        self._done.clear()

    def close(self) -> None:
        pass


async def start(appender: KafkaAppender, *keys: str) -> list["asyncio.Task[LogPosition]"]:
    """Return appends that wait for their acknowledgement."""
    tasks = [asyncio.create_task(appender.append(key, b"value")) for key in keys]
    await asyncio.sleep(0)
    return tasks


async def test_the_partition_of_a_key_is_the_same_with_every_library() -> None:
    producer = FakeProducer()
    tasks = await start(KafkaAppender(producer=producer, settings=SETTINGS), "ann_bob", "group")
    producer.answer([7, 8])

    assert producer.sent == [(crc32(b"ann_bob") % 12, b"ann_bob", b"value"), (crc32(b"group") % 12, b"group", b"value")]
    assert await asyncio.gather(*tasks) == [
        LogPosition(crc32(b"ann_bob") % 12, 7),
        LogPosition(crc32(b"group") % 12, 8),
    ]


async def test_results_that_arrive_together_wake_the_event_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = FakeProducer()
    appender = KafkaAppender(producer=producer, settings=SETTINGS)
    loop, woken = asyncio.get_running_loop(), []
    call = loop.call_soon_threadsafe

    def count(job: Callable[[], None]) -> asyncio.Handle:
        woken.append(job)
        return call(job)

    tasks = await start(appender, *"abcdefgh")
    monkeypatch.setattr(loop, "call_soon_threadsafe", count)
    producer.answer(range(8))
    await asyncio.gather(*tasks)

    assert len(woken) == 1


@pytest.mark.parametrize("result", [-1, OSError("fenced")])
async def test_a_record_without_an_offset_fails_all_waiting_ones_and_the_appender(result: int | OSError) -> None:
    producer = FakeProducer()
    appender = KafkaAppender(producer=producer, settings=SETTINGS)
    first, second = await start(appender, "a", "b")
    producer.answer([result, result])

    for task in (first, second):
        with pytest.raises(ChatlyError) as refused:
            await task
        assert refused.value.reason == KernelReason.LOG_UNAVAILABLE
        assert refused.value.retry_after
    assert appender.failed.is_set()


def test_both_libraries_connect_with_the_same_settings() -> None:
    settings = KafkaSettings(
        bootstrap=("a:1", "b:2"),
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        username="chatly",
        password="secret",
        ca_file="ca.pem",
        certificate_file="both.pem",
    )

    options = producer_options(settings)

    assert options["bootstrap.servers"] == "a:1,b:2"
    assert (options["security.protocol"], options["sasl.mechanism"]) == ("SASL_SSL", "PLAIN")
    assert (options["sasl.username"], options["sasl.password"]) == ("chatly", "secret")
    assert options["ssl.ca.location"] == "ca.pem"
    assert options["ssl.certificate.location"] == options["ssl.key.location"] == "both.pem"


def test_without_tls_and_login_neither_is_configured() -> None:
    assert not [name for name in producer_options(SETTINGS) if name.startswith(("ssl", "sasl"))]


def test_appends_are_idempotent_and_acknowledged_by_all() -> None:
    options = producer_options(KafkaSettings(bootstrap=("a:1",), append_seconds=4.0))

    assert (options["acks"], options["enable.idempotence"]) == ("all", True)
    assert options["request.timeout.ms"] < options["delivery.timeout.ms"] == 4_000


def test_an_unknown_library_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="CHATLY_KAFKA_CLIENT must be one of confluent, kafka-python, got 'rust'"):
        load(KafkaSettings, {"CHATLY_KAFKA_BOOTSTRAP": "a:1", "CHATLY_KAFKA_CLIENT": "rust"})
