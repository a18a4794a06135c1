"""`chatly erase`: deletes a user from every service of a running mesh, and prints what was removed and what stays."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import grpc
from chatly.auth.v1 import auth_service_pb2 as auth
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.media.v1 import media_service_pb2 as media
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from chatly.presence.v1 import presence_service_pb2 as presence
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from kernel.grpc.tls import load_tls
from kernel.grpc.tokens import ServiceTokens
from kernel.log.retention import RetentionSettings
from kernel.replicas import plural
from kernel.settings import SettingsError, load
from kernel.time import SystemClock
from mesh.addresses import load_addresses
from mesh.platform import Channels
from mesh.running import find_running
from mesh.settings import ProcessSettings, embedded_secret, required_secret

Say = Callable[[str], None]
ERASED, FAILED, DECLINED = 0, 1, 3
_SECONDS = 30.0
_PROGRESS_SECONDS = 5.0


async def erase(
    environ: Mapping[str, str], user: str, *, delete_messages: bool, confirm: Callable[[str], bool], say: Say
) -> int:
    """Erase a user by id or name. The mesh is the one that runs on this data folder, or the one of the settings.

    `confirm` is called with a question before anything changes. Return exit code 0 if every service has erased the
    user, 1 if there is no such user or a service failed, 3 if `confirm` returned False.
    """
    retention = load(RetentionSettings, environ)
    async with _channels(environ) as channels:
        try:
            erased = await _erase_in_auth(channels, user, delete_messages=delete_messages, confirm=confirm)
        except grpc.aio.AioRpcError as error:
            say(f"auth       FAILED: {error.details()}")
            return FAILED
        if erased is None:
            say("Nothing was deleted.")
            return DECLINED
        sessions, blocks = plural(erased.session_count, "session"), plural(erased.blocked_user_count, "block")
        say(f"auth       account {erased.user_id}: profile, {sessions} with devices and addresses, {blocks}")
        failures = await _erase_elsewhere(channels, erased.user_id, delete_messages=delete_messages, say=say)
    _explain(erased, retention, delete_messages=delete_messages, failures=failures, say=say)
    return FAILED if failures else ERASED


async def _erase_in_auth(
    channels: Channels, user: str, *, delete_messages: bool, confirm: Callable[[str], bool]
) -> auth.EraseUserResponse | None:
    """Erase the account. Return None if `confirm` returns False."""
    accounts = AuthServiceStub(channels.to("auth", "service"))
    found = await accounts.EraseUser(auth.EraseUserRequest(user=user, validate_only=True), timeout=_SECONDS)
    name = f"{found.username!r} ({found.user_id})" if found.username else f"the deleted account {found.user_id}"
    messages = "with all messages" if delete_messages else "without the messages"
    if not confirm(f"Erase {name} {messages}? This cannot be undone."):
        return None
    request = auth.EraseUserRequest(user=found.user_id, delete_messages=delete_messages)
    return await accounts.EraseUser(request, timeout=_SECONDS)


async def _erase_elsewhere(channels: Channels, user_id: str, *, delete_messages: bool, say: Say) -> int:
    """Erase the user's data in the other services, and return how many of them failed."""
    steps: dict[str, Callable[[], Awaitable[str]]] = {
        "media": partial(_erase_in_media, channels, user_id),
        "presence": partial(_erase_in_presence, channels, user_id),
        "messaging": partial(_erase_in_messaging, channels, user_id, delete_messages=delete_messages, say=say),
    }
    failures = 0
    for service, step in steps.items():
        try:
            say(f"{service:<10} {await step()}")
        except grpc.aio.AioRpcError as error:
            failures += 1
            say(f"{service:<10} FAILED: {error.details()}")
    return failures


async def _erase_in_media(channels: Channels, user_id: str) -> str:
    stub = MediaServiceStub(channels.to("media", "service"))
    erased = await stub.EraseUser(media.EraseUserRequest(user_id=user_id), timeout=_SECONDS)
    return f"{plural(erased.deleted_picture_count, 'picture')} with thumbnails"


async def _erase_in_presence(channels: Channels, user_id: str) -> str:
    stub = PresenceServiceStub(channels.to("presence", "service"))
    await stub.EraseUser(presence.EraseUserRequest(user_id=user_id), timeout=_SECONDS)
    return "status and last seen time"


async def _erase_in_messaging(channels: Channels, user_id: str, *, delete_messages: bool, say: Say) -> str:
    stub = MessagingServiceStub(channels.to("messaging", "service"))
    request = messaging.EraseUserRequest(user_id=user_id, delete_messages=delete_messages)
    messages = files = groups = 0
    shown_at = time.monotonic()
    while True:
        erased = await stub.EraseUser(request, timeout=_SECONDS)
        messages += erased.deleted_message_count
        files += erased.deleted_file_count
        groups += erased.left_group_count
        if not erased.next_page_token:
            break
        request.page_token = erased.next_page_token
        if time.monotonic() - shown_at > _PROGRESS_SECONDS:
            shown_at = time.monotonic()
            say(f"messaging  {plural(messages, 'message')} so far …")
    left = f"{plural(groups, 'membership')} of groups"
    return f"{plural(messages, 'message')}, {plural(files, 'file')}, {left}" if delete_messages else left


def _explain(
    erased: auth.EraseUserResponse, retention: RetentionSettings, *, delete_messages: bool, failures: int, say: Say
) -> None:
    """Print what stays, and why."""
    say("")
    say("What stays:")
    say("- the id of the account, as the sender of messages that stay and in blocks by other users")
    if not delete_messages:
        say("- the messages and their files, as --keep-messages says, shown as those of a deleted account")
    say("- reactions, read marks, and the titles, descriptions and pictures that the user gave to groups")
    if retention.time is None:
        say("- the deleted text in the log, without limit, because CHATLY_LOG_RETENTION_DAYS is 0")
    else:
        until = datetime.now(UTC) + retention.time
        say(f"- the deleted text in the log, until {until:%Y-%m-%d %H:%M} UTC (CHATLY_LOG_RETENTION_DAYS)")
    say("- copies in backups and in other people's devices, which Chatly does not reach")
    repeated = f"{erased.repeats_at.ToDatetime():%Y-%m-%d %H:%M} UTC"
    if failures:
        say(f"A service failed. The mesh completes the erasure from {repeated} on; or run the command again.")
    else:
        say(f"The mesh erases once more at {repeated}, for what calls in progress have stored meanwhile.")


@asynccontextmanager
async def _channels(environ: Mapping[str, str]) -> AsyncIterator[Channels]:
    """Open channels that carry service tokens, to the mesh on this data folder or to the mesh of the settings."""
    process = load(ProcessSettings, environ)
    running = find_running(process.data_dir)
    addresses = load_addresses({**(running.settings() if running else {}), **environ})
    if running is None and not process.service_secret:
        raise SettingsError(
            f"no mesh runs on {process.data_dir.resolve()}: start it with `chatly run`, or set CHATLY_SERVICE_SECRET "
            "and the addresses of the services"
        )
    # `chatly run` on distributed engines keeps its generated secret in the data folder, too.
    secret = embedded_secret(process) if running else required_secret(process)
    channels = Channels(addresses, ServiceTokens(secret, clock=SystemClock()), "operator", load_tls(environ))
    try:
        yield channels
    finally:
        await channels.close()
