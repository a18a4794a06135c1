"""How the engines' Java is started."""

from collections.abc import Sequence

from engines.settings import EngineSettings

# What is busy is compiled once, quickly, not again and better: within minutes that takes more than it gives back.
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def java(settings: EngineSettings, *, heap: str, otherwise: Sequence[str] = ()) -> list[str]:
    """The command, up to its class path. `otherwise`: options where no quick start is wanted."""
    return ["java", f"-Xms{heap}", f"-Xmx{heap}", *(QUICK_START if settings.quick_start else otherwise)]
