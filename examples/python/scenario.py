"""Two users chat: every step that a client needs, each checked."""

import asyncio
from pathlib import Path

from chat import direct_chat, draft, history, send
from chatly.messaging.v1 import live_pb2 as live
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from client import Client, joined
from inbox import Inbox
from transfer import download, upload

WHILE_AWAY = [f"While you were away {number}" for number in range(1, 6)]


class Scenario:
    """Ada and Ben in their chat."""

    def __init__(self, ada: Client, ben: Client, ada_inbox: Inbox, ben_inbox: Inbox) -> None:
        self.ada = ada
        self.ben = ben
        self.ada_inbox = ada_inbox
        self.ben_inbox = ben_inbox
        self.chat_id = direct_chat(ada.user_id, ben.user_id)

    async def find_each_other(self) -> None:
        check(await self.ada.find(self.ben.name), self.ben.user_id)
        check(await self.ben.find(self.ada.name), self.ada.user_id)

    async def subscribe(self) -> None:
        for inbox in (self.ada_inbox, self.ben_inbox):
            inbox.connect()
            await inbox.until(lambda event: event.HasField("caught_up"))

    async def send(self) -> str:
        request = draft(self.chat_id, "Hello Ben")
        message = await send(self.ada, request)
        # A retry, as after a lost response, returns the same message.
        check((await send(self.ada, request)).message_id, message.message_id)
        arrived = (await self.ben_inbox.until(is_message))[-1].message_created
        check((arrived.message_id, arrived.text), (message.message_id, "Hello Ben"))
        check(arrived.client_message_id, request.client_message_id)
        return message.message_id

    async def react(self, message_id: str) -> None:
        reaction = messaging.ToggleReactionRequest(chat_id=self.chat_id, message_id=message_id, emoji="👍")
        # Calling it twice would remove the reaction, so it is not retried.
        await self.ben.call(self.ben.messaging.ToggleReaction, reaction, retry=False)
        event = (await self.ada_inbox.until(lambda event: event.HasField("reaction_changed")))[-1]
        check(event.reaction_changed.message_id, message_id)
        check((event.reaction_changed.emoji, event.reaction_changed.present), ("👍", True))

    async def edit(self, message_id: str) -> None:
        change = messaging.EditMessageRequest(chat_id=self.chat_id, message_id=message_id, text="Hello Ben!")
        await self.ada.call(self.ada.messaging.EditMessage, change)
        event = (await self.ben_inbox.until(lambda event: event.HasField("message_edited")))[-1]
        check((event.message_edited.message_id, event.message_edited.text), (message_id, "Hello Ben!"))

    async def delete(self) -> None:
        message = await send(self.ada, draft(self.chat_id, "Not for long"))
        deletion = messaging.DeleteMessageRequest(
            chat_id=self.chat_id, message_id=message.message_id, scope=messaging.DELETE_SCOPE_FOR_EVERYONE
        )
        await self.ada.call(self.ada.messaging.DeleteMessage, deletion)
        event = (await self.ben_inbox.until(lambda event: event.HasField("message_deleted")))[-1]
        check(event.message_deleted.message_id, message.message_id)
        check(event.message_deleted.for_everyone, expected=True)

    async def exchange_files(self, folder: Path) -> None:
        photo = await upload(self.ada, folder / "photo.jpg")
        paper = await upload(self.ada, folder / "paper.pdf")
        message = await send(self.ada, draft(self.chat_id, "Two files", photo.media_id, paper.media_id))
        arrived = (await self.ben_inbox.until(is_message))[-1].message_created
        check(arrived.message_id, message.message_id)
        check([each.content_type for each in arrived.attachments], ["image/jpeg", "application/pdf"])
        check((await download(self.ben, photo.media_id))[:2], b"\xff\xd8")
        sent = await asyncio.to_thread((folder / "paper.pdf").read_bytes)
        check(await download(self.ben, paper.media_id) == sent, expected=True)

    async def resume(self) -> None:
        await self.ben_inbox.disconnect()
        for text in WHILE_AWAY:
            await send(self.ada, draft(self.chat_id, text))
        self.ben_inbox.connect()
        missed = await self.ben_inbox.until(lambda event: event.HasField("caught_up"))
        check(texts(missed), WHILE_AWAY)
        await send(self.ada, draft(self.chat_id, "Welcome back"))
        check(texts(await self.ben_inbox.until(is_message)), ["Welcome back"])

    async def refresh(self) -> None:
        # As with an expired token: the next call is rejected, refreshes the tokens, and tries again.
        self.ben.token = ""
        said = [message.text for message in await history(self.ben, self.chat_id)]
        check(said[-9:], ["Hello Ben!", "", "Two files", *WHILE_AWAY, "Welcome back"])

    async def leave(self) -> None:
        await self.ada_inbox.disconnect()
        await self.ben_inbox.disconnect()


async def scenario(edge: str, name: str, files: Path) -> None:
    """Run all steps. Raise at the first wrong result."""
    async with joined(edge, f"{name}-ada") as ada, joined(edge, f"{name}-ben") as ben:
        ok("register and log in")
        steps = Scenario(ada, ben, Inbox(edge, ada), Inbox(edge, ben))
        await steps.find_each_other()
        ok("find each other")
        await steps.subscribe()
        ok("subscribe")
        message_id = await steps.send()
        ok("send")
        await steps.react(message_id)
        ok("react")
        await steps.edit(message_id)
        ok("edit")
        await steps.delete()
        ok("delete")
        await steps.exchange_files(files)
        ok("upload and download")
        await steps.resume()
        ok("lose the connection and resume")
        await steps.refresh()
        ok("renew the access token")
        await steps.leave()


def ok(step: str) -> None:
    print(f"ok {step}", flush=True)


def check(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"expected {expected!r}, found {found!r}")


def is_message(event: live.LiveEvent) -> bool:
    return event.HasField("message_created")


def texts(events: list[live.LiveEvent]) -> list[str]:
    """Returns the texts of the new messages among some events."""
    return [event.message_created.text for event in events if is_message(event)]
