"""Heads of chats as this process has stored them: while nobody else stores in their partition, nothing need be read."""

from collections.abc import Collection, Mapping

from history.cassandra.chat_rows import Head, load_heads
from history.chat_id import ChatId
from kernel.cassandra.session import CassandraSession

_CHATS = 2_000
"""Of each partition of the log, at most."""


class Heads:
    """A bounded cache of what `load_heads` gives, by partition of the log."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session
        self._kept: dict[int, dict[ChatId, Head]] = {}

    def trust(self, partitions: Collection[int]) -> None:
        """Keep only those of partitions in which nobody else can have stored anything since."""
        self._kept = {partition: heads for partition, heads in self._kept.items() if partition in partitions}

    async def load(self, chats: Mapping[ChatId, int]) -> Mapping[ChatId, Head]:
        """Of those of the chats of which anything is stored whole. `chats`: with the partition of each."""
        known = {
            chat_id: head
            for chat_id, partition in chats.items()
            if (head := self._kept.get(partition, {}).get(chat_id)) is not None
        }
        others = [chat_id for chat_id in chats if chat_id not in known]
        return {**known, **await load_heads(self._session, others)} if others else known

    def stored(self, heads: Mapping[ChatId, Head]) -> None:
        """These are stored now."""
        for chat_id, head in heads.items():
            kept = self._kept.setdefault(head.position.partition, {})
            kept.pop(chat_id, None)
            kept[chat_id] = head
            if len(kept) > _CHATS:
                del kept[next(iter(kept))]
