import { describe, expect, it } from "vitest";
import type { Chat, Message } from "@/lib/types";
import { headsOf, newsSince } from "./new-messages";

const idOf = (order: number) => `${order.toString(16).padStart(8, "0")}-0000-1000-8000-000000000000`;

function chat(order: number, senderId = "other", unreadCount = 1): Chat {
  const lastMessage = { messageId: idOf(order), senderId } as Message;
  return { chatId: "c", lastMessage, unreadCount } as Chat;
}

describe("news", () => {
  it("are messages newer than those seen before", () => {
    expect(newsSince(headsOf([chat(1)]), [chat(2)], "me")).toHaveLength(1);
    expect(newsSince(headsOf([chat(2)]), [chat(2)], "me")).toHaveLength(0);
  });

  it("are not an older message that stays when the newest is deleted", () => {
    expect(newsSince(headsOf([chat(2)]), [chat(1)], "me")).toHaveLength(0);
  });

  it("are neither one's own messages nor read ones", () => {
    expect(newsSince(new Map(), [chat(1, "me")], "me")).toHaveLength(0);
    expect(newsSince(new Map(), [chat(1, "other", 0)], "me")).toHaveLength(0);
  });
});
