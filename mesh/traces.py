"""Turns tracing on in a process, where a collector is configured."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from kernel.settings import SettingsError, load
from kernel.telemetry.trace_settings import TraceSettings


def tracing(environ: Mapping[str, str], *, service: str) -> AbstractAsyncContextManager[None]:
    """Trace until the block ends, under this name. SettingsError where what that takes is not installed."""
    settings = load(TraceSettings, environ)
    if not settings.endpoint:
        return nullcontext()
    try:
        from kernel.telemetry.otel import open_otel
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {error.name} is not installed: install the extra `otel`"
        ) from error
    return open_otel(settings, service=service)
