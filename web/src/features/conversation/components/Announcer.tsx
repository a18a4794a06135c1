import { useState } from "react";
import { useUserName } from "@/components/people/names";
import type { Message, UserId } from "@/lib/types";

/**
 * Announces new messages of the open chat to screen readers.
 *
 * The list itself is not a live region: scrolling renders its rows again, and they would be announced too.
 */
export function Announcer({ messages, me }: { readonly messages: readonly Message[]; readonly me: UserId }) {
  const last = messages.at(-1);
  const [announced, setAnnounced] = useState(() => ({ key: last?.key ?? null, message: null as Message | null }));
  if (last && last.key !== announced.key) {
    const isNew = announced.key !== null && last.senderId !== me;
    setAnnounced({ key: last.key, message: isNew ? last : null });
  }
  const name = useUserName(announced.message?.senderId ?? null);
  return (
    <p className="visually-hidden" role="status">
      {announced.message
        ? `${name}: ${announced.message.text || (announced.message.attachments[0]?.fileName ?? "")}`
        : ""}
    </p>
  );
}
