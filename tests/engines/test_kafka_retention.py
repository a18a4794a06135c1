"""The retention time of the topic follows the setting."""

import asyncio
from contextlib import closing
from datetime import timedelta

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.kafka.topic import retention_config
from kernel.log.retention import RetentionSettings

pytestmark = [pytest.mark.engines("kafka"), pytest.mark.timeout(120)]


@pytest.fixture
def settings(kafka_bootstrap: str, fresh_name: str) -> KafkaSettings:
    return KafkaSettings(bootstrap=tuple(kafka_bootstrap.split(",")), topic=fresh_name, partitions=1, replication=1)


async def test_a_new_topic_keeps_records_for_the_retention_time(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings, patience=30):
        pass

    assert await options(settings) == retention_config(timedelta(days=30))


async def test_only_the_process_that_sets_the_retention_changes_an_existing_topic(settings: KafkaSettings) -> None:
    async with open_kafka_log(settings, patience=30, retention=RetentionSettings(days=0)):
        pass
    week = RetentionSettings(days=7)
    async with open_kafka_log(settings, patience=30, retention=week):
        pass
    assert (await options(settings))["retention.ms"] == "-1"

    async with open_kafka_log(settings, patience=30, retention=week, sets_retention=True):
        pass

    assert await options(settings) == retention_config(timedelta(days=7))


async def options(settings: KafkaSettings) -> dict[str, str]:
    """Return the options of the topic that concern its retention."""
    topic = ConfigResource(ConfigResourceType.TOPIC, settings.topic)
    with closing(KafkaAdminClient(bootstrap_servers=list(settings.bootstrap))) as admin:
        found = await asyncio.to_thread(admin.describe_configs, [topic], config_filter="all")
    return {name: str(found["topic"][settings.topic][name]["value"]) for name in retention_config(None)}
