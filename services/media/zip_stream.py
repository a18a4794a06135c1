"""A ZIP archive that is written piece by piece and never as a whole, neither in memory nor on disk."""

import time
import zipfile
from types import TracebackType
from typing import Self


class _Sink:
    """Collects the bytes that `ZipFile` writes. It cannot seek, so `ZipFile` writes sizes after each entry."""

    def __init__(self) -> None:
        self.collected = bytearray()

    def write(self, data: bytes) -> int:
        self.collected += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: `_take` empties the sink."""


class ZipEntry:
    """One entry that is being written. Leave the block to complete it."""

    def __init__(self, sink: _Sink, archive: zipfile.ZipFile, name: str, *, compress: bool) -> None:
        self._sink = sink
        info = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        # Entries may exceed 4 GiB, and their size is not known before.
        self._file = archive.open(info, "w", force_zip64=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, data: bytes) -> bytes:
        """Add data to the entry, and return the bytes of the archive that are ready."""
        self._file.write(data)
        return _take(self._sink)


class ZipStream:
    """Writes a ZIP archive. The caller sends what each method returns, in order."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", allowZip64=True)  # type: ignore[call-overload]

    def entry(self, name: str, *, compress: bool = True) -> ZipEntry:
        """Begin an entry. Entries are written one after the other."""
        return ZipEntry(self._sink, self._archive, name, compress=compress)

    def finish(self) -> bytes:
        """Return the rest of the archive, with its directory. Without it, readers report a damaged archive."""
        self._archive.close()
        return _take(self._sink)


def _take(sink: _Sink) -> bytes:
    taken = bytes(sink.collected)
    sink.collected.clear()
    return taken
