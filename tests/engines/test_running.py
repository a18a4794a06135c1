"""Reports broken engines: all other tests marked `engines` depend on them."""

import socket

import pytest

from tests.engines.running import S3Server


@pytest.mark.engines
def test_every_engine_answers(
    kafka_bootstrap: str, cassandra_contact_points: str, redis_url: str, s3_server: S3Server
) -> None:
    for text in (kafka_bootstrap, cassandra_contact_points, redis_url, s3_server.endpoint):
        host, _, port = text.split(",")[0].rpartition("/")[2].rpartition(":")
        socket.create_connection((host, int(port)), timeout=5).close()
