"""What kafka-python raises, as the one error that the log's ports know."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka.errors import KafkaError, MessageSizeTooLargeError

from kernel.errors import ChatlyError, KernelReason, unavailable


def log_unavailable(detail: object) -> ChatlyError:
    """UNAVAILABLE `LOG_UNAVAILABLE`."""
    return unavailable(KernelReason.LOG_UNAVAILABLE, f"the event log does not answer: {detail}")


@contextmanager
def kafka_errors() -> Iterator[None]:
    """Turn what kafka-python raises while the brokers are away into ChatlyError UNAVAILABLE `LOG_UNAVAILABLE`."""
    try:
        yield
    except MessageSizeTooLargeError:
        raise  # no waiting makes it smaller
    except (KafkaError, OSError) as error:
        raise log_unavailable(error or type(error).__name__) from error
