import { formatAgo } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import { usePresence } from "@/lib/hooks";
import type { UserId } from "@/lib/types";

/**
 * "Online", "Last seen 5 minutes ago", and what they say they are up to. Nothing where nothing is known: only people
 * who share a chat learn of each other.
 */
export function PresenceText({ userId }: { readonly userId: UserId }) {
  const { t, i18n } = useTexts();
  const presence = usePresence(userId);
  if (!presence) return null;
  const { online, lastSeenAt, status } = presence;
  const seen =
    lastSeenAt === null
      ? t("presence.offline")
      : t("presence.lastSeen", { when: formatAgo(lastSeenAt, i18n.language) });
  const said = status ? `${status.emoji} ${status.text}`.trim() : "";
  return (
    <span>
      {online ? t("presence.online") : seen}
      {said && <bdi>{` · ${said}`}</bdi>}
    </span>
  );
}
