"""A cut network: connections of a part stay open and carry nothing, in both directions, until it is restored."""

import subprocess
import sys

import pytest

from tests.faults.deployment.network import Loopback, unshare
from tests.faults.programs import ROOT

# An echo server in one part, called before the cut, during it and, on the same connection, after it.
SCRIPT = """
import socket, subprocess, sys, time
from tests.faults.deployment.network import Namespaces

ECHO = '''
import socket
with socket.create_server(("0.0.0.0", 7000)) as server:
    connection, _ = server.accept()
    while data := connection.recv(100):
        connection.sendall(data)
'''
network = Namespaces()
server = subprocess.Popen([*network.join("auth-1"), sys.executable, "-c", ECHO])
for _ in range(100):
    try:
        connection = socket.create_connection((network.host("auth-1"), 7000), timeout=1)
        break
    except OSError:
        time.sleep(0.1)

def answers(word):
    connection.sendall(word)
    try:
        return connection.recv(100).decode()
    except TimeoutError:
        return "silence"

print(answers(b"before"))
network.cut("auth-1")
print(answers(b"during"))
network.restore("auth-1")
connection.settimeout(20)
print(connection.recv(100).decode())
server.kill()
"""


def test_a_cut_part_is_silent_until_it_is_restored_and_its_connection_survives() -> None:
    inside = unshare()
    if inside is None:
        pytest.skip("no network namespaces here: needs root, or user namespaces")

    done = subprocess.run(
        [*inside, sys.executable, "-c", SCRIPT], cwd=ROOT, check=False, capture_output=True, text=True, timeout=50
    )

    assert done.stdout.split() == ["before", "silence", "during"], done.stderr


def test_every_part_has_its_own_address_and_a_kind_has_a_pattern() -> None:
    network = Loopback()

    assert network.host("kafka-{}").format(2) == network.host("kafka-2") == "127.77.1.2"
    assert network.host("edge-2") == "127.77.10.2"
