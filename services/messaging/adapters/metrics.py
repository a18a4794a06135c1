"""What messaging counts, beside what every server counts of its calls."""

from kernel.telemetry.metrics import counter


class MessagingMetrics:
    """SendMeter, and the count of what went wrong after a change was durable."""

    def __init__(self) -> None:
        self._sends = counter("chatly_messaging_sends_total", "Sends that were answered with a message.", ["outcome"])
        self._failures = counter(
            "chatly_messaging_pass_on_failures_total",
            "Durable events that could not be put into the tail or on the bus; readers get them later.",
            ["part"],
        )

    def accepted(self) -> None:
        self._sends.labels("accepted").inc()

    def repeated(self) -> None:
        self._sends.labels("repeated").inc()

    def not_passed_on(self, part: str) -> None:
        """`part`: `tail` or `bus`."""
        self._failures.labels(part).inc()
