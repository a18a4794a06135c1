"""Settings: frozen dataclasses, loaded from the environment. Each service declares its own."""

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, dataclass_transform, get_type_hints

T = TypeVar("T")
_META = "chatly"


class SettingsError(Exception):
    """A setting is missing or wrong. The text names the variable and the allowed values."""


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    help: str
    secret: bool
    check: Callable[[Any], str | None] | None


def env(
    name: str,
    default: Any = MISSING,  # noqa: ANN401
    *,
    help: str,  # noqa: A002
    secret: bool = False,
    check: Callable[[Any], str | None] | None = None,
) -> Any:  # noqa: ANN401
    """Declare a field that is read from the variable `name`.

    A secret can be in a file instead: the variable `name` + `_FILE` contains the path of the file. `check` gets the
    parsed value and returns what is wrong with it, or None.
    """
    variable = _Variable(name, help, secret, check)
    if default is MISSING:
        return field(metadata={_META: variable})
    return field(default=default, metadata={_META: variable})


def one_of(*allowed: str) -> Callable[[str], str | None]:
    """Return a `check` for a fixed set of values."""

    def check(value: str) -> str | None:
        return None if value in allowed else f"must be one of {', '.join(allowed)}, got {value!r}"

    return check


def between(low: float, high: float) -> Callable[[float], str | None]:
    """Return a `check` for values from `low` to `high`, both included."""

    def check(value: float) -> str | None:
        return None if low <= value <= high else f"must be between {low} and {high}, got {value}"

    return check


def positive(value: float) -> str | None:
    """Check that a value is above 0."""
    return None if value > 0 else f"must be greater than 0, got {value}"


def not_negative(value: float) -> str | None:
    """Check that a value is 0 or above."""
    return None if value >= 0 else f"must not be negative, got {value}"


def not_empty(value: str) -> str | None:
    """Check that a text is not empty."""
    return None if value else "must not be empty"


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(env,))
def settings(cls: type[T]) -> type[T]:
    """Make a class a frozen, slotted dataclass of settings."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


def load(cls: type[T], environ: Mapping[str, str] | None = None, **names: str) -> T:
    """Load a settings class; raise SettingsError with everything that is missing or wrong.

    `names` fill placeholders in the variables' names: SERVICE="AUTH" makes CHATLY_AUTH_PORT of `CHATLY_{SERVICE}_PORT`.
    """
    environ = os.environ if environ is None else environ
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for item in fields(cls):  # type: ignore[arg-type]
        variable = _variable(item, names)
        try:
            raw = _raw(variable, environ)
            if raw is not None:
                values[item.name] = _parse(raw, hints[item.name])
            elif item.default is MISSING:
                wrong.append(f"{variable.name} is not set ({variable.help})")
            problem = variable.check(values[item.name]) if variable.check and item.name in values else None
            if problem:
                wrong.append(f"{variable.name} {problem}")
        except (ValueError, OSError) as error:
            wrong.append(f"{variable.name}: {error} ({variable.help})")
    if wrong:
        raise SettingsError("; ".join(wrong))
    return cls(**values)


def shown(value: object, **names: str) -> dict[str, str]:
    """Return the variables and their values for printing, with secrets masked. `names`: as in `load`."""
    result: dict[str, str] = {}
    for item in fields(value):  # type: ignore[arg-type]
        variable = _variable(item, names)
        result[variable.name] = "***" if variable.secret else str(getattr(value, item.name))
    return result


def _variable(item: Field[Any], names: Mapping[str, str]) -> _Variable:
    variable: _Variable = item.metadata[_META]
    return replace(variable, name=variable.name.format_map(names))


def _raw(variable: _Variable, environ: Mapping[str, str]) -> str | None:
    if variable.secret and (path := environ.get(f"{variable.name}_FILE")):
        return Path(path).read_text().strip()
    return environ.get(variable.name)


def _parse(raw: str, kind: Any) -> Any:  # noqa: ANN401
    if kind is bool:
        if raw.lower() not in {"true", "false", "1", "0", "yes", "no"}:
            message = f"{raw!r} is neither true nor false"
            raise ValueError(message)
        return raw.lower() in {"true", "1", "yes"}
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return kind(raw)
