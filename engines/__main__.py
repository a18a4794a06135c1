"""`python -m engines up|down|status|env [engine ...]`."""

import argparse
import sys

from engines.fleet import ENGINES, EngineError, Fleet
from engines.security import client_settings, security
from engines.settings import EngineSettings, load


def main() -> int:
    parser = argparse.ArgumentParser(prog="engines", description="Kafka, Cassandra, Redis and S3 on 127.0.0.1.")
    parser.add_argument("verb", choices=("up", "down", "status", "env"))
    parser.add_argument("engine", nargs="*", choices=[[], *ENGINES], help="default: all")
    arguments = parser.parse_args()
    settings = load()
    chosen, fleet = arguments.engine or list(ENGINES), Fleet(settings)
    try:
        if arguments.verb == "up":
            fleet.up(chosen)
        elif arguments.verb == "down":
            fleet.down(chosen)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.verb == "env":
        print(_exports(fleet, settings))
        return 0
    for engine in chosen:
        print(f"{engine:10} {','.join(fleet.addresses(engine)) or 'not running'}")
    return 0


def _exports(fleet: Fleet, settings: EngineSettings) -> str:
    """Return shell code that sets the addresses of the running engines for Chatly. Variables that are set stay."""
    copies = str(min(settings.nodes, 3))
    addresses = {engine: ",".join(fleet.addresses(engine)) for engine in ENGINES}
    first_of = {engine: found.partition(",")[0] for engine, found in addresses.items()}
    variables = {
        "CHATLY_ENGINES": "distributed",
        "CHATLY_KAFKA_BOOTSTRAP": addresses["kafka"],
        "CHATLY_KAFKA_REPLICATION": copies,
        "CHATLY_CASSANDRA_CONTACT_POINTS": addresses["cassandra"],
        "CHATLY_CASSANDRA_REPLICATION": copies,
        "CHATLY_REDIS_URL": f"redis://{first_of['redis']}",
        "CHATLY_S3_ENDPOINT": f"http://{first_of['s3']}",
        "CHATLY_S3_ACCESS_KEY": settings.s3_access_key,
        "CHATLY_S3_SECRET_KEY": settings.s3_secret_key,
    }
    if (secured := security(settings)) is not None:
        variables |= client_settings(secured, redis=first_of["redis"], s3=first_of["s3"])
    return "\n".join(f'export {name}="${{{name}:-{value}}}"' for name, value in variables.items())


if __name__ == "__main__":
    sys.exit(main())
