"""Kafka, Cassandra, Redis and an S3 server on 127.0.0.1, without Docker, for tests, benchmarks and `make run`.

A development tool: no part of it is in the wheel.
"""
