"""How to reach Kafka, and how its topic is created."""

import ssl
from typing import Any

from kernel.settings import env, one_of, positive, settings
from kernel.tls import check_file, client_context

# The default limit of a broker. Producers refuse a larger record before they send it.
MAX_RECORD_BYTES = 1_000_000
_CLIENTS = ("confluent", "kafka-python")
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")


@settings
class KafkaSettings:
    """The event log on Kafka."""

    bootstrap: tuple[str, ...] = env("CHATLY_KAFKA_BOOTSTRAP", help="bootstrap brokers: host:port,...")
    topic: str = env("CHATLY_KAFKA_TOPIC", default="chat-messages", help="topic of the event log")
    partitions: int = env(
        "CHATLY_KAFKA_PARTITIONS",
        default=12,
        help="partitions of the topic; used when the topic is created, fixed afterwards",
        check=positive,
    )
    replication: int = env(
        "CHATLY_KAFKA_REPLICATION",
        default=3,
        help="replicas of a new topic, all but one must acknowledge; below 3, a lost disk may lose messages",
        check=positive,
    )
    client_library: str = env(
        "CHATLY_KAFKA_CLIENT",
        default="confluent",
        help="library that appends: confluent or kafka-python; nodes may use different ones",
        check=one_of(*_CLIENTS),
    )
    append_seconds: float = env(
        "CHATLY_KAFKA_APPEND_SECONDS",
        default=5.0,
        help="timeout of one append, in seconds",
        check=positive,
    )
    security_protocol: str = env(
        "CHATLY_KAFKA_SECURITY_PROTOCOL",
        default="PLAINTEXT",
        help="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
        check=one_of(*_PROTOCOLS),
    )
    sasl_mechanism: str = env(
        "CHATLY_KAFKA_SASL_MECHANISM", default="SCRAM-SHA-512", help="with SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    username: str = env("CHATLY_KAFKA_USERNAME", default="", help="with SASL: user name")
    password: str = env("CHATLY_KAFKA_PASSWORD", default="", help="with SASL: password", secret=True)
    ca_file: str = env(
        "CHATLY_KAFKA_CA_FILE",
        default="",
        help="with SSL: PEM file of the CA that signed the brokers' certificates",
        check=check_file,
    )
    certificate_file: str = env(
        "CHATLY_KAFKA_CERTIFICATE_FILE",
        default="",
        help="with SSL: PEM file of the client certificate, for mutual TLS",
        check=check_file,
    )
    key_file: str = env(
        "CHATLY_KAFKA_KEY_FILE", default="", help="with SSL: PEM file of the client certificate's key", check=check_file
    )

    @property
    def delivery_ms(self) -> int:
        """The time after which an append fails, in milliseconds."""
        return int(self.append_seconds * 1000)

    @property
    def request_ms(self) -> int:
        """The time after which one request of an append fails, in milliseconds."""
        return self.delivery_ms * 3 // 5

    def client(self) -> dict[str, Any]:
        """Return the connection options of every client of kafka-python."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap),
            "security_protocol": self.security_protocol,
            "bootstrap_timeout_ms": 3_000,
            # By default, a client waits up to 30 s before it reconnects.
            "reconnect_backoff_max_ms": 500,
        }
        if "SASL" in self.security_protocol:
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        if self.secured:
            options["ssl_context"] = self.ssl_context()
        return options

    @property
    def min_insync(self) -> int:
        """The brokers that must have a record before it is acknowledged: all but one."""
        return max(1, self.replication - 1)

    @property
    def secured(self) -> bool:
        """Whether connections use TLS."""
        return "SSL" in self.security_protocol

    def ssl_context(self) -> ssl.SSLContext:
        """Return the context of TLS connections."""
        return client_context(ca_file=self.ca_file, certificate_file=self.certificate_file, key_file=self.key_file)
