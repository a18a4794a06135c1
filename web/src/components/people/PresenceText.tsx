import { formatAgo } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import { usePresence } from "@/lib/hooks";
import type { UserId } from "@/lib/types";

/**
 * "Online" or "Last seen 5 minutes ago", and the user's status. Empty if the presence is unknown: only users who share
 * a chat see each other's presence.
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
  const statusText = status ? `${status.emoji} ${status.text}`.trim() : "";
  return (
    <span>
      {online ? t("presence.online") : seen}
      {statusText && <bdi>{` · ${statusText}`}</bdi>}
    </span>
  );
}
