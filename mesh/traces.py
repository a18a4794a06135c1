"""Turns tracing on in a process, where a collector is configured."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from kernel.settings import SettingsError, load
from kernel.telemetry.tracing import TraceSettings

_LIBRARY = "opentelemetry"


def tracing(environ: Mapping[str, str], *, service: str) -> AbstractAsyncContextManager[None]:
    """Trace until the block ends, under this name. SettingsError where what that takes is not installed."""
    settings = load(TraceSettings, environ)
    if not settings.endpoint:
        return _untraced()
    try:
        from kernel.telemetry.otel import open_otel
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {error.name} is not installed: install the extra `otel`"
        ) from error
    return open_otel(settings, service=service)


@asynccontextmanager
async def _untraced() -> AsyncIterator[None]:
    """Drivers import the library where they find it, 3 MiB: where nothing is traced they are not to find it."""
    if _LIBRARY in sys.modules:
        yield
        return
    sys.modules[_LIBRARY] = None  # type: ignore[assignment]  # Python's own way to say that a module is not there
    try:
        yield
    finally:
        del sys.modules[_LIBRARY]
