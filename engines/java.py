"""Builds the command line that starts a Java engine."""

from collections.abc import Sequence

from engines.settings import EngineSettings

# Quick start compiles busy code once and does not optimise it again: within minutes that costs more than it saves.
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def java(settings: EngineSettings, *, heap: str, otherwise: Sequence[str] = ()) -> list[str]:
    """Return the command up to its class path. `otherwise`: options without quick start."""
    return ["java", f"-Xms{heap}", f"-Xmx{heap}", *(QUICK_START if settings.quick_start else otherwise)]
