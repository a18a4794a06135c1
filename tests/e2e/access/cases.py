"""One valid request for every RPC, aimed at data of other users, with the expected outcomes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from chatly.auth.v1 import auth_service_pb2 as auth
from chatly.auth.v1 import user_service_pb2 as users
from chatly.media.v1 import media_service_pb2 as media
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.persister.v1 import persister_service_pb2 as persister
from chatly.presence.v1 import presence_service_pb2 as presence
from google.protobuf.message import Message

from tests.e2e.access.harness import Owned, OwnedChat
from tests.e2e.people import PASSWORD
from tests.unit.media.samples import PDF

Requests = Callable[[Owned, OwnedChat], Message | Sequence[Message]]
OK = "OK"


@dataclass(frozen=True, slots=True)
class Case:
    """`request`: one message, or several for a client stream. Outcomes are OK or the reason of the refusal."""

    request: Requests
    others: str = OK
    """For a stranger, and for a former member of the group."""
    owner: str = OK
    """For the owner of the data."""


def _upload(_: Owned, __: OwnedChat) -> Sequence[Message]:
    start = media.UploadStart(file_name="own.pdf", size_bytes=len(PDF))
    return (media.UploadRequest(start=start), media.UploadRequest(data=PDF))


def _send(_: Owned, owned_chat: OwnedChat) -> messaging.SendMessageRequest:
    return messaging.SendMessageRequest(chat_id=owned_chat.chat_id, client_message_id=str(uuid4()), text="let me in")


CASES: Mapping[str, Case] = {
    "AuthService.Register": Case(
        lambda w, p: auth.RegisterRequest(username="x", email="x", password="x"), "INVALID_FIELD", "INVALID_FIELD"
    ),
    "AuthService.Login": Case(lambda w, p: auth.LoginRequest(email=w.owner.email, password=PASSWORD)),
    "AuthService.Refresh": Case(
        lambda w, p: auth.RefreshRequest(refresh_token="nonsense"), "TOKEN_INVALID", "TOKEN_INVALID"
    ),
    "AuthService.Logout": Case(lambda w, p: auth.LogoutRequest()),
    "AuthService.ChangePassword": Case(
        lambda w, p: auth.ChangePasswordRequest(current_password="wrong", new_password="long enough"),
        "WRONG_CREDENTIALS",
        "WRONG_CREDENTIALS",
    ),
    "AuthService.ListSessions": Case(lambda w, p: auth.ListSessionsRequest()),
    "AuthService.RevokeSession": Case(
        lambda w, p: auth.RevokeSessionRequest(session_id=w.owner.session_id), "SESSION_NOT_FOUND"
    ),
    "AuthService.DeleteAccount": Case(
        lambda w, p: auth.DeleteAccountRequest(password="wrong"), "WRONG_CREDENTIALS", "WRONG_CREDENTIALS"
    ),
    "AuthService.EraseUser": Case(lambda w, p: auth.EraseUserRequest(user=w.owner.user_id)),
    "AuthService.RenewAccessToken": Case(lambda w, p: auth.RenewAccessTokenRequest(access_token=w.owner.token)),
    "AuthService.GetJwks": Case(lambda w, p: auth.GetJwksRequest()),
    "UserService.ListUsers": Case(lambda w, p: users.ListUsersRequest()),
    "UserService.SearchUsers": Case(lambda w, p: users.SearchUsersRequest(query="own")),
    "UserService.GetUser": Case(lambda w, p: users.GetUserRequest(user_id=w.owner.user_id)),
    "UserService.BatchGetUsers": Case(lambda w, p: users.BatchGetUsersRequest(user_ids=[w.owner.user_id])),
    "UserService.GetMe": Case(lambda w, p: users.GetMeRequest()),
    "UserService.UpdateMe": Case(lambda w, p: users.UpdateMeRequest(bio="mine")),
    "UserService.BlockUser": Case(lambda w, p: users.BlockUserRequest(user_id=w.member.user_id)),
    "UserService.UnblockUser": Case(lambda w, p: users.UnblockUserRequest(user_id=w.member.user_id)),
    "UserService.ListBlockedUsers": Case(lambda w, p: users.ListBlockedUsersRequest()),
    "UserService.BatchGetBlocks": Case(lambda w, p: users.BatchGetBlocksRequest(user_ids=[w.owner.user_id])),
    "MessagingService.SendMessage": Case(_send, "NOT_A_MEMBER"),
    "MessagingService.SendMessages": Case(
        lambda w, p: (messaging.SendMessagesRequest(send=_send(w, p)),), "NOT_A_MEMBER"
    ),
    "MessagingService.EditMessage": Case(
        lambda w, p: messaging.EditMessageRequest(chat_id=p.chat_id, message_id=p.message_id, text="changed"),
        "NOT_A_MEMBER",
    ),
    "MessagingService.DeleteMessage": Case(
        lambda w, p: messaging.DeleteMessageRequest(
            chat_id=p.chat_id, message_id=p.message_id, scope=messaging.DELETE_SCOPE_FOR_ME
        ),
        "NOT_A_MEMBER",
    ),
    "MessagingService.GetMessage": Case(
        lambda w, p: messaging.GetMessageRequest(chat_id=p.chat_id, message_id=p.message_id), "NOT_A_MEMBER"
    ),
    "MessagingService.ListMessages": Case(
        lambda w, p: messaging.ListMessagesRequest(chat_id=p.chat_id), "NOT_A_MEMBER"
    ),
    "MessagingService.SearchMessages": Case(
        lambda w, p: messaging.SearchMessagesRequest(query="ours", chat_id=p.chat_id), "NOT_A_MEMBER"
    ),
    "MessagingService.ToggleReaction": Case(
        lambda w, p: messaging.ToggleReactionRequest(chat_id=p.chat_id, message_id=p.message_id, emoji="👍"),
        "NOT_A_MEMBER",
    ),
    "MessagingService.ListReactions": Case(
        lambda w, p: messaging.ListReactionsRequest(chat_id=p.chat_id, message_id=p.message_id), "NOT_A_MEMBER"
    ),
    "MessagingService.ListChats": Case(lambda w, p: messaging.ListChatsRequest()),
    "MessagingService.GetChat": Case(lambda w, p: messaging.GetChatRequest(chat_id=p.chat_id), "NOT_A_MEMBER"),
    "MessagingService.MarkRead": Case(
        lambda w, p: messaging.MarkReadRequest(chat_id=p.chat_id, message_id=p.message_id), "NOT_A_MEMBER"
    ),
    "MessagingService.SetTyping": Case(
        lambda w, p: messaging.SetTypingRequest(chat_id=p.chat_id, active=True), "NOT_A_MEMBER"
    ),
    "MessagingService.CreateGroup": Case(
        lambda w, p: messaging.CreateGroupRequest(client_group_id=str(uuid4()), title="Mine")
    ),
    "MessagingService.UpdateGroup": Case(
        lambda w, p: messaging.UpdateGroupRequest(chat_id=w.group.chat_id, title="Mine now"), "NOT_A_MEMBER"
    ),
    "MessagingService.AddMembers": Case(
        lambda w, p: messaging.AddMembersRequest(chat_id=w.group.chat_id, user_ids=[w.stranger.user_id]),
        "NOT_A_MEMBER",
    ),
    "MessagingService.RemoveMember": Case(
        lambda w, p: messaging.RemoveMemberRequest(chat_id=w.group.chat_id, user_id=w.member.user_id), "NOT_A_MEMBER"
    ),
    "MessagingService.LeaveGroup": Case(
        lambda w, p: messaging.LeaveGroupRequest(chat_id=w.group.chat_id), "NOT_A_MEMBER", "LAST_OWNER"
    ),
    "MessagingService.Subscribe": Case(lambda w, p: messaging.SubscribeRequest()),
    "MessagingService.ListContacts": Case(lambda w, p: messaging.ListContactsRequest(user_id=w.owner.user_id)),
    "MessagingService.ListOwnMessages": Case(lambda w, p: messaging.ListOwnMessagesRequest()),
    "MessagingService.ListOwnReactions": Case(lambda w, p: messaging.ListOwnReactionsRequest()),
    "MessagingService.ListRemovedMessages": Case(
        lambda w, p: messaging.ListRemovedMessagesRequest(
            messages=[messaging.MessageKey(chat_id=p.chat_id, message_id=p.message_id)]
        )
    ),
    "MessagingService.ListMessageFiles": Case(lambda w, p: messaging.ListMessageFilesRequest()),
    "MessagingService.EraseUser": Case(lambda w, p: messaging.EraseUserRequest(user_id=w.owner.user_id)),
    "PresenceService.Connect": Case(lambda w, p: presence.ConnectRequest(device_id="here")),
    "PresenceService.GetPresence": Case(lambda w, p: presence.GetPresenceRequest(user_ids=[w.owner.user_id])),
    "PresenceService.SetStatus": Case(
        lambda w, p: presence.SetStatusRequest(status=presence.CustomStatus(text="about"))
    ),
    "PresenceService.EraseUser": Case(lambda w, p: presence.EraseUserRequest(user_id=str(uuid4()))),
    "MediaService.Upload": Case(_upload),
    "MediaService.CreateUpload": Case(
        lambda w, p: media.CreateUploadRequest(start=media.UploadStart(file_name="own.pdf", size_bytes=len(PDF)))
    ),
    "MediaService.UploadPart": Case(
        lambda w, p: media.UploadPartRequest(upload_id=w.upload_id, data=PDF), "UPLOAD_NOT_FOUND"
    ),
    "MediaService.GetUpload": Case(lambda w, p: media.GetUploadRequest(upload_id=w.upload_id), "UPLOAD_NOT_FOUND"),
    "MediaService.CompleteUpload": Case(
        lambda w, p: media.CompleteUploadRequest(upload_id=w.upload_id), "UPLOAD_NOT_FOUND"
    ),
    "MediaService.GetMedia": Case(lambda w, p: media.GetMediaRequest(media_id=p.media_id), "MEDIA_FORBIDDEN"),
    "MediaService.Download": Case(lambda w, p: media.DownloadRequest(media_id=p.media_id), "MEDIA_FORBIDDEN"),
    "MediaService.GetDownloadUrl": Case(
        lambda w, p: media.GetDownloadUrlRequest(media_id=p.media_id), "MEDIA_FORBIDDEN"
    ),
    "MediaService.EraseUser": Case(lambda w, p: media.EraseUserRequest(user_id=str(uuid4()))),
    "PersisterService.GetStatus": Case(lambda w, p: persister.GetStatusRequest()),
    "PersisterService.ListDeadLetters": Case(lambda w, p: persister.ListDeadLettersRequest()),
    "PersisterService.ReplayDeadLetters": Case(lambda w, p: persister.ReplayDeadLettersRequest()),
}
