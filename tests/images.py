"""Starts services as their images do, without building images: a clean environment with only their extra."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from mesh.services import SERVICES
from tests.e2e.mesh import HOST
from tests.ports import free_ports

ROOT = Path(__file__).parents[1]
_UV = Path(sys.executable).with_name("uv")
# Hide this checkout from the process, and keep what the first start compiles.
_NOT_THEIRS = ("CHATLY_", "OTEL_", "PYTHON", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One running service with the environment of its image."""

    bin: Path
    environ: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the same environment."""
        return subprocess.run(
            [self.bin / command[0], *command[1:]], env=self.environ, capture_output=True, text=True, check=False
        )

    @property
    def resident_mib(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss / 2**20)


@asynccontextmanager
async def all_images(
    folder: Path, engines: Mapping[str, str], *, compiled: bool = False
) -> AsyncIterator[Mapping[str, Image]]:
    """Yield all five services, started side by side on these engines. They may not be ready yet.

    `compiled`: compile ahead as the images do. This takes a while; without it a process keeps the memory that compiling
    took.
    """
    chatly = await asyncio.to_thread(_wheel, folder / "wheel")
    settings = {**engines, **_places()}
    async with AsyncExitStack() as stack:
        starting = (
            stack.enter_async_context(_started(name, folder / name, chatly, settings, compiled=compiled))
            for name in SERVICES
        )
        yield dict(zip(SERVICES, await asyncio.gather(*starting), strict=True))


def _places() -> dict[str, str]:
    """Return where each service serves, and where it finds the others."""
    free = free_ports()
    found = {"CHATLY_SERVICE_SECRET": secrets.token_urlsafe(48)}
    for name in SERVICES:
        grpc, http = next(free), next(free)
        found[f"CHATLY_{name.upper()}_GRPC_PORT"] = str(grpc)
        found[f"CHATLY_{name.upper()}_HTTP_PORT"] = str(http)
        found[f"CHATLY_{name.upper()}_ADDRESS"] = f"{HOST}:{grpc}"
    return found


@asynccontextmanager
async def _started(
    service: str, folder: Path, chatly: Path, settings: Mapping[str, str], *, compiled: bool
) -> AsyncIterator[Image]:
    programs = await asyncio.to_thread(
        _environment, folder / "environment", chatly, [service, "otel"], compiled=compiled
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_THEIRS)}
    environ |= {**settings, "CHATLY_DATA_DIR": str(folder / "data")}
    with (folder / "log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            programs / "chatly", "serve", service, env=environ, cwd=folder, stdout=output, stderr=output
        )
    image = Image(bin=programs, environ=environ, log=folder / "log", process=process)
    try:
        yield image
    finally:
        if process.returncode is None:
            process.terminate()
        assert await process.wait() == 0, image.log.read_text()


def _wheel(folder: Path) -> Path:
    """Return Chatly as a wheel, built from this checkout."""
    _uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


def _environment(folder: Path, chatly: Path, extras: Sequence[str], *, compiled: bool) -> Path:
    """Return the `bin` of a clean environment with only these extras, in the versions of the lock."""
    _uv("venv", "--quiet", "--python", sys.executable, folder)
    wanted = [part for extra in extras for part in ("--extra", extra)]
    constraints, project = ROOT / "requirements.lock", ROOT / "pyproject.toml"
    install = ("pip", "install", "--quiet", "--compile-bytecode" if compiled else "--no-compile-bytecode")
    _uv(*install, "--constraints", str(constraints), "--requirements", str(project), *wanted, environment=folder)
    _uv(*install, "--no-deps", str(chatly), environment=folder)
    return folder / "bin"


def _uv(*words: str | Path, environment: Path | None = None) -> None:
    """`make install` has downloaded everything. Registries are only used if that cache was removed."""
    environ = {**os.environ, "VIRTUAL_ENV": str(environment)} if environment else dict(os.environ)
    done = _run(*words, "--offline", environ=environ)
    if done.returncode:
        done = _run(*words, environ=environ)
    if done.returncode:
        raise RuntimeError(f"uv {' '.join(map(str, words))}: {done.stderr}")


def _run(*words: str | Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_UV, *words], env=environ, capture_output=True, text=True, check=False)
