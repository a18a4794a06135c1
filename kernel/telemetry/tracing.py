"""The interface by which code records spans of sampled calls. `otel.py` implements it with OpenTelemetry.

The edge decides which calls are sampled. For other calls, and while tracing is off, a span costs one check.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar, Token
from enum import Enum, auto
from types import TracebackType
from typing import ClassVar, Final, Protocol
from urllib.parse import urlsplit

from kernel.settings import env, settings


def check_endpoint(endpoint: str) -> str | None:
    """Return what is wrong with the address of a collector, or None. Empty means no collector."""
    if not endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port:
            return None
    except ValueError:
        pass
    return f"must be http://host:port or https://host:port, got {endpoint!r}"


@settings
class TraceSettings:
    """Settings with OpenTelemetry's own variable names. The SDK also reads its variables for queues and timeouts."""

    endpoint: str = env(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        default="",
        help="OpenTelemetry collector (OTLP over gRPC), e.g. http://collector:4317; empty: no traces",
        check=check_endpoint,
    )
    certificate: str = env(
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        default="",
        help="with https: PEM file of the CA that signed the collector's certificate",
    )


TRACEPARENT: Final = "traceparent"
"""The header of W3C Trace Context."""

Attribute = str | int
# The last digit of the flags of a sampled trace: the lowest bit is set.
_SAMPLED: Final = frozenset("13579bdf")


class Kind(Enum):
    """The side of a call or of a record that a span describes."""

    SERVER = auto()
    CLIENT = auto()
    PRODUCER = auto()
    CONSUMER = auto()


class Span(Protocol):
    """A piece of work in a sampled trace, from its creation to `end`."""

    @property
    def trace_id(self) -> str:
        """The id of the trace: 32 hexadecimal digits."""
        ...

    @property
    def traceparent(self) -> str:
        """Header value for the calls that this work makes."""
        ...

    def note(self, **attributes: Attribute) -> None:
        """Add attributes."""
        ...

    def end(self, outcome: str = "OK", *, failed: bool = False) -> None:
        """Finish the span. `failed`: because of a service or an engine, not of the caller."""
        ...


class Tracer(Protocol):
    """Creates spans and exports them. Never waits and never raises; spans above its capacity are dropped."""

    def begin(
        self, name: str, kind: Kind, parent: str, attributes: Mapping[str, Attribute], started: int | None
    ) -> Span | None:
        """Start a span. Return None if `parent` is not the traceparent of a sampled trace.

        `started`: ns since 1970. None: now.
        """
        ...


class _Process:
    tracer: ClassVar[Tracer | None] = None


span_var: ContextVar[Span | None] = ContextVar("span", default=None)
"""The span that the running code belongs to."""


@contextmanager
def tracing_by(tracer: Tracer) -> Iterator[None]:
    """Let this tracer create the spans of the process during the block."""
    _Process.tracer = tracer
    try:
        yield
    finally:
        _Process.tracer = None


def current() -> Span | None:
    """Return the span of the running code, or None."""
    return span_var.get()


def trace_id_of(traceparent: str) -> str:
    """Return the trace id in a traceparent: 32 hexadecimal digits."""
    return traceparent[3:35]


def begin(
    name: str,
    kind: Kind,
    parent: str | None,
    *,
    request_id: str,
    started: int | None = None,
    attributes: Mapping[str, Attribute] | None = None,
) -> Span | None:
    """Start a span below the traceparent `parent`.

    Return None if there is no parent, if the parent is not sampled, or if tracing is off.
    """
    tracer = _Process.tracer
    if tracer is None or not parent or parent[-1] not in _SAMPLED:
        return None
    return tracer.begin(name, kind, parent, {"chatly.request_id": request_id, **(attributes or {})}, started)


def enter(span: Span) -> None:
    """Make the span current for the rest of the running task. It needs no reset: a call's task ends with its span."""
    span_var.set(span)


class _Running:
    """Context manager that ends its span with the block."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token: Token[Span | None] | None = None

    def __enter__(self) -> Span:
        self._token = span_var.set(self._span)
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            span_var.reset(self._token)
        self._span.end("OK" if kind is None else kind.__name__, failed=kind is not None)


_UNTRACED: Final = nullcontext()


def covering(name: str, kind: Kind, *, request_id: str, parent: str | None = None) -> _Running | nullcontext[None]:
    """Return a context manager that starts a span below `parent`, or else below the current span.

    `with … as span` gives the span, or None in the cases in which `begin` returns None.
    """
    if parent is None:
        above = span_var.get()
        if above is None:
            return _UNTRACED
        parent = above.traceparent
    span = begin(name, kind, parent, request_id=request_id)
    return _UNTRACED if span is None else _Running(span)
