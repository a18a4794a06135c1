import { useState } from "react";
import { useUserName } from "@/components/people/names";
import type { Message, UserId } from "@/lib/types";

/**
 * Reads out what comes in while the chat is open, and nothing else.
 *
 * The list itself is not live: it is drawn anew while one scrolls, which would be read out too.
 */
export function Announcer({ messages, me }: { readonly messages: readonly Message[]; readonly me: UserId }) {
  const last = messages.at(-1);
  const [heard, setHeard] = useState(() => ({ known: last?.key ?? null, message: null as Message | null }));
  if (last && last.key !== heard.known) {
    const isNew = heard.known !== null && last.senderId !== me;
    setHeard({ known: last.key, message: isNew ? last : null });
  }
  const name = useUserName(heard.message?.senderId ?? null);
  return (
    <p className="visually-hidden" role="status">
      {heard.message ? `${name}: ${heard.message.text || (heard.message.attachments[0]?.fileName ?? "")}` : ""}
    </p>
  );
}
