"""Reads the metrics that the alert rules and dashboards of deploy/observability use."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

OBSERVABILITY = Path(__file__).parents[3] / "deploy" / "observability"
_NOISE = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)')
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|[\w:])")
_WORDS = {"and", "or", "unless", "bool", "offset"}


def metrics_in(expression: str) -> set[str]:
    """Return the names of the metrics in a PromQL expression."""
    bare = re.sub(r"\b\d[\w.]*", " ", _NOISE.sub(" ", expression))
    return set(_NAME.findall(bare)) - _WORDS


def rules() -> list[dict[str, Any]]:
    """Return every alert rule."""
    groups = yaml.safe_load((OBSERVABILITY / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboards() -> dict[str, dict[str, Any]]:
    """Return every dashboard by the name of its file."""
    files = (OBSERVABILITY / "grafana" / "dashboards").glob("*.json")
    return {file.name: json.loads(file.read_text()) for file in files}


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every expression with its location."""
    for rule in rules():
        yield f"rules.yml: {rule['alert']}", rule["expr"]
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"]
