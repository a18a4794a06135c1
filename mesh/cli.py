"""The command line: `chatly run`, `serve`, `migrate`, `doctor`, `seed-demo`, `edge-config`, `openapi`."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from kernel.settings import SettingsError, load
from kernel.telemetry.logs import LogSettings, configure_logs

_SERVICES = ("auth", "messaging", "presence", "media", "persister")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `chatly`; returns the exit code: 0 done, 1 failed, 2 wrong settings."""
    options = _parser().parse_args(arguments)
    # Read when gRPC is first imported: starting Envoy would make it speak of its fork handlers.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        code: int = options.act(options)
    except SettingsError as error:
        _say(f"chatly: {error}")
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chatly", description="Real-time chat as a mesh of gRPC services.")
    parser.add_argument("--version", action="version", version=f"chatly {version('chatly')}")
    commands = parser.add_subparsers(required=True, metavar="command")
    commands.add_parser("run", help="the whole mesh on this machine").set_defaults(act=_run)
    serve = commands.add_parser("serve", help="one service alone")
    serve.add_argument("service", choices=_SERVICES)
    serve.set_defaults(act=_serve)
    commands.add_parser("web", help="the web client's files alone").set_defaults(act=_web)
    health = commands.add_parser("health", help="whether a service of this machine serves: exit code 0 or 1")
    health.add_argument("service", choices=_SERVICES)
    health.set_defaults(act=_health)
    commands.add_parser("migrate", help="make and update what Chatly keeps in Cassandra, Kafka and S3").set_defaults(
        act=_migrate
    )
    commands.add_parser("doctor", help="say what is broken and how to mend it").set_defaults(act=_doctor)
    commands.add_parser("seed-demo", help="fill a running mesh with a small demo").set_defaults(act=_seed_demo)
    edge = commands.add_parser("edge-config", help="print Envoy's configuration")
    edge.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="write it there instead: Envoy takes up renewed certificates",
    )
    edge.set_defaults(act=_edge_config)
    commands.add_parser("openapi", help="print the REST description").set_defaults(act=_openapi)
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _configure_logs(level: str) -> None:
    logs = load(LogSettings, {"CHATLY_LOG_LEVEL": level, **os.environ})
    configure_logs(style=logs.style, level=logs.level)


def _run(_: argparse.Namespace) -> int:
    from kernel.runner import run
    from mesh.embedded import run_embedded
    from mesh.separate import run_separate
    from mesh.settings import ProcessSettings, with_addresses

    # A person watches: progress is said by us, the log speaks only of trouble.
    _configure_logs("warning")
    environ = with_addresses(os.environ)
    run_mesh = run_separate if load(ProcessSettings, environ).distributed else run_embedded
    return run(lambda stop: run_mesh(environ, stop, _say))


def _migrate(_: argparse.Namespace) -> int:
    from mesh.migrate import migrate

    _configure_logs("info")
    return asyncio.run(migrate(os.environ, _say))


def _serve(options: argparse.Namespace) -> int:
    from kernel.runner import run
    from mesh.serving import serve_one

    _configure_logs("info")
    return run(lambda stop: serve_one(options.service, os.environ, stop))


def _web(_: argparse.Namespace) -> int:
    from kernel.runner import run
    from mesh.web import serve_web

    _configure_logs("info")
    return run(lambda stop: serve_web(os.environ, stop))


def _health(options: argparse.Namespace) -> int:
    from mesh.probe import serves

    return 0 if asyncio.run(serves(options.service, os.environ)) else 1


def _doctor(_: argparse.Namespace) -> int:
    from mesh.doctor import examine
    from mesh.settings import with_addresses

    return asyncio.run(examine(with_addresses(os.environ), print))


def _seed_demo(_: argparse.Namespace) -> int:
    from mesh.demo.run import seed_demo
    from mesh.settings import with_addresses

    return asyncio.run(seed_demo(with_addresses(os.environ), print))


def _edge_config(options: argparse.Namespace) -> int:
    from mesh.edge.config import render
    from mesh.edge.process import write_configuration
    from mesh.edge.settings import EdgeSettings
    from mesh.safety import refuse_unsafe_edge

    edge = load(EdgeSettings, os.environ)
    refuse_unsafe_edge(edge, os.environ)
    if options.into:
        write_configuration(edge, options.into)
    else:
        sys.stdout.write(render(edge))
    return 0


def _openapi(_: argparse.Namespace) -> int:
    from mesh.edge.openapi import openapi

    json.dump(openapi(version("chatly")), sys.stdout, indent=2)
    return 0
