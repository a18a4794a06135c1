"""Structured logs of this process, as JSON or in colour. The only module that calls `structlog.get_logger`."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from kernel.grpc.context import ServiceCaller, UserCaller, caller_var, request_var
from kernel.settings import env, one_of, settings
from kernel.telemetry import tracing

_STYLES = ("json", "pretty")
_LEVELS = ("debug", "info", "warning", "error")


@settings
class LogSettings:
    """Log format and level."""

    style: str = env("CHATLY_LOG_STYLE", default="pretty", help="log format: json or pretty", check=one_of(*_STYLES))
    level: str = env(
        "CHATLY_LOG_LEVEL",
        default="info",
        help="lowest level that is logged: debug, info, warning or error",
        check=one_of(*_LEVELS),
    )


def logger(component: str) -> structlog.stdlib.BoundLogger:
    """Return a logger that adds `component` to every line, and within a call its request id, caller and trace id."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(component=component)
    return bound


def configure_logs(*, style: str, level: str) -> None:
    """Write to stderr from now on. Lines of libraries that use `logging` get the same format."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_call,
    ]
    last = _json() if style == "json" else _pretty()
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


def _json() -> list[structlog.typing.Processor]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _pretty() -> list[structlog.typing.Processor]:
    # The default traceback prints local variables, which include passwords and tokens.
    return [
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    ]


def _add_call(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (request := request_var.get(None)) is not None:
        event.setdefault("request_id", request.request_id)
    if (span := tracing.current()) is not None:
        event.setdefault("trace_id", span.trace_id)
    match caller_var.get():
        case UserCaller() as user:
            event.setdefault("user_id", user.user_id)
        case ServiceCaller() as service:
            event.setdefault("caller", service.name)
        case _:
            pass
    return event
