import { describe, expect, it } from "vitest";
import type { Chat, Message } from "@/lib/types";
import { newestIdsOf, newMessagesSince } from "./new-messages";

const idOf = (order: number) => `${order.toString(16).padStart(8, "0")}-0000-1000-8000-000000000000`;

function chat(order: number, senderId = "other", unreadCount = 1): Chat {
  const lastMessage = { messageId: idOf(order), senderId } as Message;
  return { chatId: "c", lastMessage, unreadCount } as Chat;
}

describe("new messages", () => {
  it("are newer than the newest ones before", () => {
    expect(newMessagesSince(newestIdsOf([chat(1)]), [chat(2)], "me")).toHaveLength(1);
    expect(newMessagesSince(newestIdsOf([chat(2)]), [chat(2)], "me")).toHaveLength(0);
  });

  it("are not older messages that remain when the newest is deleted", () => {
    expect(newMessagesSince(newestIdsOf([chat(2)]), [chat(1)], "me")).toHaveLength(0);
  });

  it("are neither own messages nor read ones", () => {
    expect(newMessagesSince(new Map(), [chat(1, "me")], "me")).toHaveLength(0);
    expect(newMessagesSince(new Map(), [chat(1, "other", 0)], "me")).toHaveLength(0);
  });
});
