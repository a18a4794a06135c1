"""Export a user's own data as a ZIP archive."""

import json
from collections.abc import AsyncGenerator, Sequence

from kernel.blob.ports import BlobStore
from kernel.errors import ChatlyError, Code, KernelReason
from kernel.ids import UserId
from kernel.time import Clock
from services.media.file_names import clean_file_name
from services.media.model import Media, MediaId, Variant, blob_name
from services.media.ports import MediaStore, OwnData, UserPictures
from services.media.zip_stream import ZipStream

_AT_ONCE = 4
_RETRY_SECONDS = 30.0
_MAX_NAME = 120
_UNSAFE = '<>:"|?*'
_README = """Your data in Chatly
===================

README.txt          this file
profile.json        your account: id, username, e-mail address, text about you, picture, times
sessions.json       the devices on which you are logged in, with addresses and times
blocked_users.json  the people whom you have blocked
presence.json       your status and when you were last seen
chats.jsonl         your chats, one per line: members with their roles, and your unread count
people.jsonl        ids and names of the people in your chats, one per line
messages.jsonl      all messages that you have sent, one per line, also in groups that you have left: text, times of
                    sending and of the last edit, files, and your own reactions to them. They are in no particular
                    order: sort them by `created_at`. Messages that you deleted have no text.
reactions.jsonl     your reactions to messages of others, one per line: chat, message, emoji and time
files/              your pictures, the files of your messages, and files that you have uploaded and not sent, as they
                    are stored. Each name begins with the id of the file, which `messages.jsonl` and `profile.json`
                    contain.
COMPLETE.txt        the last entry. If it is missing, the download was interrupted: repeat it.

A JSON file can be opened with a text editor or a browser. In files that end in `.jsonl` each line is one JSON object.
The messages of other people are theirs and are not in this archive.
"""


class ExportLimit:
    """Admits one export per user, and a few at once, on this node."""

    def __init__(self) -> None:
        self._users: set[UserId] = set()

    def begin(self, user_id: UserId) -> None:
        """Count an export. Raise RESOURCE_EXHAUSTED `RATE_LIMITED` if there are too many."""
        if user_id in self._users:
            raise _limited("another export of your data is running; wait until it has ended")
        if len(self._users) >= _AT_ONCE:
            raise _limited(f"{_AT_ONCE} exports are running; try again later")
        self._users.add(user_id)

    def end(self, user_id: UserId) -> None:
        """Stop counting an export."""
        self._users.discard(user_id)


class ExportData:
    """Reads everything page by page and writes it to the archive at once, at the pace of the client."""

    def __init__(
        self, *, own: OwnData, media: MediaStore, pictures: UserPictures, blobs: BlobStore, clock: Clock
    ) -> None:
        self._own = own
        self._media = media
        self._pictures = pictures
        self._blobs = blobs
        self._clock = clock

    async def __call__(self, user_id: UserId) -> AsyncGenerator[bytes, None]:
        """Yield the archive of the calling user. The first part comes once auth has answered.

        Raise the errors of the services. The archive is then incomplete, which every reader notices.
        """
        archive = ZipStream()
        async for name, document in self._own.documents():
            with archive.entry(name) as entry:
                yield entry.add(_json(document, indent=2))
        with archive.entry("README.txt") as entry:
            yield entry.add(_README.encode())
        people: set[str] = set()
        with archive.entry("chats.jsonl") as entry:
            async for chats in self._own.chats():
                people.update(member["user_id"] for chat in chats for member in chat["members"])
                yield entry.add(_lines(chats))
        with archive.entry("people.jsonl") as entry:
            async for some in self._own.people(sorted(people)):
                yield entry.add(_lines(some))
        messages = 0
        files = dict.fromkeys((*await self._pictures.of_user(user_id), *await self._media.message_files(user_id)))
        with archive.entry("messages.jsonl") as entry:
            async for page in self._own.messages():
                messages += len(page)
                files.update(dict.fromkeys(MediaId(each["media_id"]) for one in page for each in one["attachments"]))
                yield entry.add(_lines(page))
        with archive.entry("reactions.jsonl") as entry:
            async for page in self._own.reactions():
                yield entry.add(_lines(page))
        exported = 0
        for media_id in files:
            media = await self._media.find(media_id)
            if media is None or media.owner_id != user_id:
                continue
            with archive.entry(f"files/{_entry_name(media)}", compress=False) as entry:
                async for chunk in self._bytes(media):
                    yield entry.add(chunk)
            exported += 1
        summary = f"Complete. {messages} messages, {exported} files, {self._clock.now():%Y-%m-%d %H:%M:%S} UTC.\n"
        with archive.entry("COMPLETE.txt") as entry:
            yield entry.add(summary.encode())
        yield archive.finish()

    async def _bytes(self, media: Media) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a file. Yield nothing if it was deleted meanwhile."""
        try:
            async for chunk in self._blobs.read(blob_name(media.media_id, Variant.ORIGINAL), offset=0, length=None):
                yield chunk
        except KeyError:
            return


def _limited(message: str) -> ChatlyError:
    return ChatlyError(Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED, message, retry_after=_RETRY_SECONDS)


def _entry_name(media: Media) -> str:
    """Return a name that is safe on every system, and unique by the id of the file."""
    name = "".join("_" if character in _UNSAFE else character for character in clean_file_name(media.file_name))
    return f"{media.media_id} {name[-_MAX_NAME:].strip('. ') or 'file'}"


def _json(document: object, *, indent: int | None = None) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=indent).encode() + b"\n"


def _lines(documents: Sequence[object]) -> bytes:
    return b"".join(map(_json, documents))
