"""Runs the checks of a service every few seconds, and reports the result: gRPC health, /healthz, logs, metrics."""

import asyncio
from collections.abc import Mapping
from typing import Final

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio

from kernel.service import HealthCheck, Service
from kernel.telemetry import metrics
from kernel.telemetry.logs import logger

_EVERY_SECONDS: Final = 2.0
_CHECK_SECONDS: Final = 2.0
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class HealthMonitor:
    """Health of one service."""

    def __init__(self, service: Service) -> None:
        self.servicer = aio.HealthServicer()
        self._checks: Mapping[str, HealthCheck] = service.health
        self._warning_checks: Mapping[str, HealthCheck] = service.warnings
        self._names = ["", *service.grpc_services]
        self._log = logger("health").bind(service=service.name)
        self._gauge = metrics.gauge("chatly_serving", "1 while the service accepts calls.", ["service"]).labels(
            service.name
        )
        self._results: dict[str, str | None] = {}
        self._warnings: dict[str, str | None] = {}
        self._serving: bool | None = None
        self._draining = False

    @property
    def serving(self) -> bool:
        """Whether the service accepts calls."""
        return bool(self._serving) and not self._draining

    def report(self) -> dict[str, object]:
        """Return `{"status": "SERVING" | "NOT_SERVING", "checks": {name: fault or None}}`.

        If the service declares warnings, `"warnings"` has the form of `checks`, with faults that do not end SERVING.
        """
        report: dict[str, object] = {
            "status": "SERVING" if self.serving else "NOT_SERVING",
            "checks": dict(self._results),
        }
        return report | {"warnings": dict(self._warnings)} if self._warning_checks else report

    async def check(self) -> None:
        """Run all checks once, concurrently, and report changes."""
        self._results, warnings = await asyncio.gather(_run_all(self._checks), _run_all(self._warning_checks))
        for name, answer in (self._results | warnings).items():
            await self.servicer.set(name, _SERVING if answer is None else _NOT_SERVING)
        self._warn(warnings)
        broken = {name: answer for name, answer in self._results.items() if answer is not None}
        if self._draining or self._serving is (not broken):
            return
        first, self._serving = self._serving is None, not broken
        if broken:
            self._log.warning("not serving", broken=broken)
        elif not first:
            self._log.info("serving again")
        await self._publish(_NOT_SERVING if broken else _SERVING)

    async def run(self) -> None:
        """Check every two seconds, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.check()

    async def drain(self) -> None:
        """Report NOT_SERVING from now on."""
        self._draining = True
        await self._publish(_NOT_SERVING)

    def _warn(self, warnings: dict[str, str | None]) -> None:
        if warnings != self._warnings and not self._draining:
            if active := {name: answer for name, answer in warnings.items() if answer is not None}:
                self._log.warning("serving with a fault", faults=active)
            elif any(self._warnings.values()):
                self._log.info("serving without faults again")
        self._warnings = warnings

    async def _publish(self, status: int) -> None:
        self._gauge.set(status == _SERVING)
        for name in self._names:
            await self.servicer.set(name, status)


async def _run_all(checks: Mapping[str, HealthCheck]) -> dict[str, str | None]:
    answers = await asyncio.gather(*(_run_check(check) for check in checks.values()))
    return dict(zip(checks, answers, strict=True))


async def _run_check(check: HealthCheck) -> str | None:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {_CHECK_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - a failed check is a result
        return f"{type(error).__name__}: {error}"
