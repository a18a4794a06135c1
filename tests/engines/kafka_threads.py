"""The threads of kafka-python's clients in this process."""

import threading


def kafka_threads() -> list[str]:
    """Return their names."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("kafka-io")]
