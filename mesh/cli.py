"""The command line: `chatly run`, `chatly serve` and the other commands."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from kernel.settings import SettingsError, load
from kernel.telemetry.logs import LogSettings, configure_logs
from mesh.services import SERVICES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `chatly` and return its exit code: 0 for success, 1 for a failure, 2 for wrong settings."""
    options = _parser().parse_args(arguments)
    # Nobody else on this machine may read messages, secrets or logs.
    os.umask(0o077)
    # gRPC reads this variable when it is first imported. Without it, gRPC warns about fork handlers when Envoy starts.
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
    commands.add_parser("run", help="run the whole mesh on this machine").set_defaults(act=_run)
    serve = commands.add_parser("serve", help="run one service alone")
    serve.add_argument("service", choices=list(SERVICES))
    serve.set_defaults(act=_serve)
    commands.add_parser("web", help="serve the web client alone").set_defaults(act=_web)
    health = commands.add_parser("health", help="exit with 0 if a service of this machine accepts calls, else with 1")
    health.add_argument("service", choices=list(SERVICES))
    health.set_defaults(act=_health)
    commands.add_parser(
        "migrate", help="create or update the tables, topic and bucket in Cassandra, Kafka and S3"
    ).set_defaults(act=_migrate)
    commands.add_parser("doctor", help="check the mesh and name the remedy for each fault").set_defaults(act=_doctor)
    log = commands.add_parser("log", help="say what the log may have lost, continue without it, or declare a restore")
    log.add_argument(
        "action",
        choices=["status", "adopt", "restored"],
        help="status: print what may be missing; adopt: accept it, so that the persister continues without it; "
        "restored: begin a new epoch, after log and store were restored and before the services start",
    )
    log.set_defaults(act=_log)
    backup = commands.add_parser("backup", help="back up the embedded mesh to a new folder, also while it runs")
    backup.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder, best on another disk")
    backup.set_defaults(act=_backup)
    restore = commands.add_parser("restore", help="restore a backup of the embedded mesh, which must be stopped")
    restore.add_argument("folder", type=Path, metavar="DIR", help="the folder of the backup")
    restore.add_argument("--replace", action="store_true", help="move an existing data folder aside")
    restore.add_argument(
        "--keep-sessions", action="store_true", help="let users stay logged in, also on devices logged out since then"
    )
    restore.set_defaults(act=_restore)
    verify = commands.add_parser("verify", help="check that all stored messages, the log and the files agree")
    verify.add_argument(
        "--read-files", action="store_true", help="also read every file and compare its SHA-256, not its size alone"
    )
    verify.set_defaults(act=_verify)
    erase = commands.add_parser("erase", help="delete a user's account and messages from every service")
    erase.add_argument("user", metavar="USER", help="id or username")
    erase.add_argument("--keep-messages", action="store_true", help="delete the account, but not the user's messages")
    erase.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    erase.set_defaults(act=_erase)
    demo = commands.add_parser("seed-demo", help="fill a running mesh with demo data")
    demo.add_argument(
        "--address",
        default="",
        metavar="HOST:PORT",
        help="edge of the mesh, also as http://… or https://…; default: the mesh that runs on CHATLY_DATA_DIR",
    )
    demo.set_defaults(act=_seed_demo)
    edge = commands.add_parser("edge-config", help="print Envoy's configuration")
    edge.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="write it to this folder instead; Envoy then loads renewed certificates",
    )
    edge.set_defaults(act=_edge_config)
    commands.add_parser("openapi", help="print the OpenAPI document of the REST API").set_defaults(act=_openapi)
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
    from mesh.settings import ProcessSettings

    # Progress is printed for the person at the terminal, so the log has only warnings and errors.
    _configure_logs("warning")
    run_mesh = run_separate if load(ProcessSettings, os.environ).distributed else run_embedded
    return run(lambda stop: run_mesh(os.environ, stop, _say))


def _migrate(_: argparse.Namespace) -> int:
    from mesh.migrate import migrate

    _configure_logs("info")
    return asyncio.run(migrate(os.environ, _say))


def _serve(options: argparse.Namespace) -> int:
    from kernel.runner import run
    from mesh.serve import serve_one

    _configure_logs("info")
    return run(lambda stop: serve_one(options.service, os.environ, stop))


def _web(_: argparse.Namespace) -> int:
    from kernel.runner import run
    from mesh.edge.front import serve_web

    _configure_logs("info")
    return run(lambda stop: serve_web(os.environ, stop))


def _health(options: argparse.Namespace) -> int:
    from mesh.health import serves

    return 0 if asyncio.run(serves(options.service, os.environ)) else 1


def _doctor(_: argparse.Namespace) -> int:
    from mesh.doctor import examine

    return asyncio.run(examine(os.environ, print))


def _log(options: argparse.Namespace) -> int:
    from mesh.log_state import adopt, restored, status

    _configure_logs("error")
    act = {"adopt": adopt, "restored": restored, "status": status}[options.action]
    return asyncio.run(act(os.environ, print))


def _unless_stopped(act: Callable[[], int], message: str) -> int:
    """Run `act`, and let SIGTERM and Ctrl-C run its cleanup. If it was stopped, print the message and return 1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return act()
    except KeyboardInterrupt:
        _say(message)
        return 1


def _backup(options: argparse.Namespace) -> int:
    from mesh.backup import backup

    return _unless_stopped(lambda: backup(os.environ, options.folder, print), "Stopped. No backup was made.")


def _restore(options: argparse.Namespace) -> int:
    from mesh.restore import restore

    _configure_logs("error")
    chosen = {"replace": options.replace, "keep_sessions": options.keep_sessions}
    return _unless_stopped(
        lambda: restore(os.environ, options.folder, print, **chosen), "Stopped. Nothing was restored."
    )


def _verify(options: argparse.Namespace) -> int:
    from mesh.verify import verify

    _configure_logs("error")
    return asyncio.run(verify(os.environ, print, read_files=options.read_files))


def _erase(options: argparse.Namespace) -> int:
    from mesh.erase import erase

    _configure_logs("error")
    confirm = (lambda _: True) if options.yes else _confirm
    return asyncio.run(
        erase(os.environ, options.user, delete_messages=not options.keep_messages, confirm=confirm, say=print)
    )


def _confirm(question: str) -> bool:
    """Ask a question at the terminal. Return False without a terminal."""
    try:
        return input(f"{question} Type `yes` to continue: ").strip().lower() == "yes"
    except EOFError:
        return False


def _seed_demo(options: argparse.Namespace) -> int:
    from mesh.demo.seed import seed_demo

    return asyncio.run(seed_demo(os.environ, options.address, print))


def _edge_config(options: argparse.Namespace) -> int:
    from mesh.addresses import load_addresses
    from mesh.edge.config import render
    from mesh.edge.process import write_configuration
    from mesh.edge.settings import EdgeSettings
    from mesh.safety import refuse_unsafe_edge

    edge = load(EdgeSettings, os.environ)
    refuse_unsafe_edge(edge, os.environ)
    if options.into:
        write_configuration(edge, load_addresses(os.environ), options.into)
    else:
        sys.stdout.write(render(edge, load_addresses(os.environ)))
    return 0


def _openapi(_: argparse.Namespace) -> int:
    from mesh.edge.openapi import openapi

    json.dump(openapi(version("chatly")), sys.stdout, indent=2)
    return 0
