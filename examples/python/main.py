"""A Chatly client in Python. Start reading at scenario.py."""

import argparse
import asyncio
from pathlib import Path

from scenario import scenario
from talk import talk

FILES = Path(__file__).parents[1] / "files"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("scenario", help="two people meet, talk, lose the connection and go on")
    talking = commands.add_parser("talk", help="talk in a chat with other programs")
    for command in (whole, talking):
        command.add_argument("--edge", default="127.0.0.1:8080", help="host:port of the edge")
        command.add_argument("--name", required=True, help="name of the account, made if need be")
    whole.add_argument("--files", type=Path, default=FILES, help="folder of photo.jpg and paper.pdf")
    talking.add_argument("--chat", required=True, help="chat_id of a chat that the account is in")
    talking.add_argument("--send", type=int, default=0, help="how many lines to say")
    talking.add_argument("--expect", type=int, default=0, help="how many lines of others to wait for")
    options = parser.parse_args()
    if options.command == "scenario":
        asyncio.run(scenario(options.edge, options.name, options.files))
    else:
        asyncio.run(talk(options.edge, options.name, options.chat, options.send, options.expect))


if __name__ == "__main__":
    main()
