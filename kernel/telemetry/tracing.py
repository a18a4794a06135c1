"""What this process does for a sampled call, and whose work it goes on with. Knows no OpenTelemetry: that is `otel.py`.

The edge decides what is sampled. For every other call, and wherever tracing is off, this costs a look at a variable.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from enum import Enum, auto
from types import TracebackType
from typing import ClassVar, Final, Protocol
from urllib.parse import urlsplit

from kernel.settings import env, settings


def check_endpoint(endpoint: str) -> str | None:
    """What is wrong with a collector's address; None: nothing, or there is none."""
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
    """OpenTelemetry's own variables. Those of its SDK that tune queues and timeouts count too."""

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
# How the flags of a sampled trace end: their lowest bit is set.
_SAMPLED: Final = frozenset("13579bdf")


class Kind(Enum):
    """Which side of a hop a span is."""

    SERVER = auto()
    CLIENT = auto()
    PRODUCER = auto()
    CONSUMER = auto()


class Span(Protocol):
    """A piece of work in a sampled trace, from its making to its `end`."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        ...

    @property
    def traceparent(self) -> str:
        """For what this work causes elsewhere."""
        ...

    def note(self, **attributes: Attribute) -> None:
        """Say more about it."""
        ...

    def end(self, outcome: str = "OK", *, failed: bool = False) -> None:
        """It is over. `failed`: by fault of a service or an engine."""
        ...


class Tracer(Protocol):
    """Makes spans, and gets them to whoever collects them. Never waits, never raises; what is too much is dropped."""

    def begin(
        self, name: str, kind: Kind, parent: str, attributes: Mapping[str, Attribute], started: int | None
    ) -> Span | None:
        """None: `parent` is no traceparent, or of a trace that is not sampled. `started`: ns since 1970, or now."""
        ...


class _Process:
    tracer: ClassVar[Tracer | None] = None


_current: ContextVar[Span | None] = ContextVar("span", default=None)


@contextmanager
def tracing_by(tracer: Tracer) -> Iterator[None]:
    """Make spans in this process until the block ends."""
    _Process.tracer = tracer
    try:
        yield
    finally:
        _Process.tracer = None


def current() -> Span | None:
    """The span that the running code belongs to."""
    return _current.get()


def trace_id_of(traceparent: str) -> str:
    """32 hexadecimal digits, as logs name a trace."""
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
    """A span below `parent`, a traceparent; None where there is none, it is not sampled, or tracing is off."""
    tracer = _Process.tracer
    if tracer is None or not parent or parent[-1] not in _SAMPLED:
        return None
    return tracer.begin(name, kind, parent, {"chatly.request_id": request_id, **(attributes or {})}, started)


def enter(span: Span) -> None:
    """Let all that the running task does from now on belong to a span. Never reset: a call's task ends with it."""
    _current.set(span)


class _Running:
    """A block that a span covers."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token: Token[Span | None] | None = None

    def __enter__(self) -> Span:
        self._token = _current.set(self._span)
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
        self._span.end("OK" if kind is None else kind.__name__, failed=kind is not None)


class _Untraced:
    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


_UNTRACED: Final = _Untraced()


def covering(name: str, kind: Kind, *, request_id: str, parent: str | None = None) -> _Running | _Untraced:
    """For `with … as span`: a span below `parent`, or else below the current one, or None as from `begin`."""
    if parent is None:
        above = _current.get()
        if above is None:
            return _UNTRACED
        parent = above.traceparent
    span = begin(name, kind, parent, request_id=request_id)
    return _UNTRACED if span is None else _Running(span)
