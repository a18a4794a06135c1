/** Converts responses of the stream into changes. */

import type { ChatSummary, LiveEvent } from "@/gen/chatly/messaging/v1/live_pb";
import { ChatKind, HistoryVisibility } from "@/gen/chatly/messaging/v1/message_pb";
import type { SubscribeResponse } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import type { Change, ChangeBody, ChatDetails, LiveItem } from "@/lib/live/changes";
import { mediaUrl, memberOf, messageOf, millis, roleOf } from "./mapping";

export function liveItemOf(response: SubscribeResponse): LiveItem {
  const reconnect = response.events.find(({ event }) => event.case === "reconnect")?.event;
  return {
    changes: response.events.flatMap(changeOf),
    cursor: response.cursor,
    caughtUp: response.events.some(({ event }) => event.case === "caughtUp"),
    resync: response.events.some(({ event }) => event.case === "resync"),
    reconnectMs: reconnect?.case === "reconnect" ? reconnect.value.delayMs : null,
  };
}

function changeOf(pb: LiveEvent): Change[] {
  const body = bodyOf(pb);
  return body ? [{ eventId: pb.eventId, chatId: pb.chatId, at: timeOf(pb), ...body }] : [];
}

function bodyOf({ event, eventId, occurredAt }: LiveEvent): ChangeBody | null {
  switch (event.case) {
    case "messageCreated":
      return { kind: "message", message: messageOf(event.value) };
    case "messageEdited": {
      const { messageId, text, editedAt } = event.value;
      const time = millis(editedAt) ?? millis(occurredAt) ?? 0;
      return { kind: "edited", messageId, text, editedAt: time, editId: eventId };
    }
    case "messageDeleted": {
      const { messageId, forEveryone, withdrawn } = event.value;
      return { kind: "deleted", messageId, forEveryone, withdrawn };
    }
    case "reactionChanged": {
      const { messageId, userId, emoji, present } = event.value;
      return { kind: "reaction", messageId, userId, emoji, present };
    }
    case "readMarkMoved":
      return { kind: "read", userId: event.value.userId, messageId: event.value.messageId };
    case "chatAdded":
    case "chatUpdated":
      return { kind: "chat", details: detailsOf(event.value) };
    case "memberChanged":
      return { kind: "member", userId: event.value.userId, role: roleOf(event.value.role) };
    case "typing":
      return { kind: "typing", userId: event.value.userId, active: event.value.active };
    default:
      return null;
  }
}

function detailsOf(pb: ChatSummary): ChatDetails {
  return {
    kind: pb.kind === ChatKind.GROUP ? "group" : "direct",
    title: pb.title,
    description: pb.description,
    avatarUrl: pb.avatarMediaId === "" ? null : mediaUrl(pb.avatarMediaId),
    members: pb.members.map(memberOf),
    historyShared: pb.historyVisibility === HistoryVisibility.SHARED,
  };
}

/** A typing indicator expires by this machine's clock, so it starts now. */
function timeOf({ event, occurredAt }: LiveEvent): number {
  return event.case === "typing" ? Date.now() : (millis(occurredAt) ?? Date.now());
}
