"""How far the store has come, as this node has heard it on the bus. Nothing here reads the store."""

from collections.abc import Mapping


class Watermark:
    """The newest stored offset of each partition; only grows.

    The persister publishes the events of a batch before the batch's watermark, so whoever has handled everything up to
    a watermark has handled every event at or below it.
    """

    def __init__(self) -> None:
        self.offsets: Mapping[int, int] = {}
        """Never changed in place: a new mapping for every advance."""

    def advance(self, stored: Mapping[int, int]) -> None:
        """Partition → offset, of any partitions."""
        newer = {partition: offset for partition, offset in stored.items() if offset > self.offsets.get(partition, -1)}
        if newer:
            self.offsets = {**self.offsets, **newer}


def covers(offsets: Mapping[int, int], others: Mapping[int, int]) -> bool:
    """Whether the first are at or past the others in every partition."""
    return all(offsets.get(partition, -1) >= offset for partition, offset in others.items())
