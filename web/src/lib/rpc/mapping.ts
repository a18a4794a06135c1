/** Converts protobuf messages into the client's types. */

import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Session as SessionPb } from "@/gen/chatly/auth/v1/auth_service_pb";
import type { User as UserPb } from "@/gen/chatly/auth/v1/user_service_pb";
import type { Media as MediaPb } from "@/gen/chatly/media/v1/media_service_pb";
import {
  type Attachment as AttachmentPb,
  type Chat as ChatPb,
  ChatKind,
  HistoryVisibility,
  type Member as MemberPb,
  type Message as MessagePb,
  Role as RolePb,
} from "@/gen/chatly/messaging/v1/message_pb";
import { Availability, type Presence as PresencePb } from "@/gen/chatly/presence/v1/presence_service_pb";
import { peerOf } from "@/lib/ids";
import type { Attachment, Chat, LoginSession, Member, Message, Presence, Role, User, UserId } from "@/lib/types";

export function millis(time: Timestamp | undefined): number | null {
  return time ? timestampMs(time) : null;
}

export function mediaUrl(mediaId: string): string {
  return `/api/uploads/${mediaId}`;
}

export function userOf(pb: UserPb): User {
  return {
    userId: pb.userId,
    username: pb.username,
    bio: pb.bio,
    avatarMediaId: pb.avatarMediaId || null,
    avatarUrl: pb.avatarUrl || null,
    deleted: pb.deleted,
    email: pb.email || null,
    createdAt: millis(pb.createdAt),
  };
}

export function presenceOf(pb: PresencePb): Presence {
  const { status } = pb;
  const hasStatus = status && (status.text !== "" || status.emoji !== "");
  return {
    userId: pb.userId,
    online: pb.availability === Availability.ONLINE,
    lastSeenAt: millis(pb.lastSeenAt),
    status: hasStatus ? { text: status.text, emoji: status.emoji, expiresAt: millis(status.expiresAt) } : null,
    version: Number(pb.version),
  };
}

const ROLES: Record<RolePb, Role> = {
  [RolePb.UNSPECIFIED]: null,
  [RolePb.MEMBER]: "member",
  [RolePb.ADMIN]: "admin",
  [RolePb.OWNER]: "owner",
};

export function roleOf(pb: RolePb): Role {
  return ROLES[pb];
}

export function rolePb(role: Role): RolePb {
  if (role === null) return RolePb.UNSPECIFIED;
  return { member: RolePb.MEMBER, admin: RolePb.ADMIN, owner: RolePb.OWNER }[role];
}

export function memberOf(pb: MemberPb): Member {
  return { userId: pb.userId, role: roleOf(pb.role), readMessageId: pb.readMessageId || null };
}

export function chatOf(pb: ChatPb, me: UserId): Chat {
  return {
    chatId: pb.chatId,
    kind: pb.kind === ChatKind.GROUP ? "group" : "direct",
    title: pb.title,
    description: pb.description,
    avatarUrl: pb.avatarMediaId === "" ? null : mediaUrl(pb.avatarMediaId),
    members: pb.members.map(memberOf),
    peerId: peerOf(pb.chatId, me),
    lastMessage: pb.lastMessage ? messageOf(pb.lastMessage) : null,
    unreadCount: pb.unreadCount,
    unreadAfterId: pb.unreadAfterId || null,
    lastActivityAt: millis(pb.lastActivityAt) ?? 0,
    historyShared: pb.historyVisibility === HistoryVisibility.SHARED,
    hiddenRanges: pb.hiddenRanges.map(({ afterMessageId, throughMessageId }) => ({
      after: afterMessageId || null,
      through: throughMessageId,
    })),
  };
}

function attachmentOf(pb: AttachmentPb | MediaPb): Attachment {
  return {
    mediaId: pb.mediaId,
    contentType: pb.contentType,
    fileName: pb.fileName,
    sizeBytes: Number(pb.sizeBytes),
    width: pb.width,
    height: pb.height,
    url: pb.url,
    thumbnailUrl: pb.hasThumbnail ? `${pb.url}?variant=thumbnail` : null,
  };
}

/** Return the key that a message has from its optimistic copy on. */
export function messageKey(senderId: UserId, clientMessageId: string): string {
  return `${senderId}:${clientMessageId}`;
}

export function messageOf(pb: MessagePb): Message {
  return {
    key: messageKey(pb.senderId, pb.clientMessageId || pb.messageId),
    messageId: pb.messageId,
    clientMessageId: pb.clientMessageId,
    chatId: pb.chatId,
    senderId: pb.senderId,
    text: pb.text,
    replyToMessageId: pb.replyToMessageId || null,
    attachments: pb.attachments.map(attachmentOf),
    reactions: pb.reactions.map(({ userId, emoji, createdAt }) => ({
      userId,
      emoji,
      createdAt: millis(createdAt) ?? 0,
    })),
    createdAt: millis(pb.createdAt) ?? 0,
    editedAt: millis(pb.editedAt),
    editId: pb.editEventId || null,
    deletedForEveryone: pb.deletedForEveryone,
    state: "sent",
    failure: null,
  };
}

export function loginSessionOf(pb: SessionPb): LoginSession {
  return {
    sessionId: pb.sessionId,
    deviceName: pb.deviceName,
    ipAddress: pb.ipAddress,
    createdAt: millis(pb.createdAt) ?? 0,
    lastUsedAt: millis(pb.lastUsedAt) ?? 0,
    current: pb.current,
  };
}
