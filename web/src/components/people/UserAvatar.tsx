import { Avatar } from "@/components/ui/Avatar";
import { usePresence, useUser } from "@/lib/hooks";
import type { Chat, UserId } from "@/lib/types";
import { useNameOf } from "./names";
import styles from "./UserAvatar.module.css";

type Size = "small" | "medium" | "large" | "huge";

interface UserAvatarProps {
  readonly userId: UserId | null;
  readonly size?: Size;
  /** Shows a dot while the user is online. */
  readonly withPresence?: boolean;
}

export function UserAvatar({ userId, size = "medium", withPresence = false }: UserAvatarProps) {
  const user = useUser(userId);
  const name = useNameOf()(user);
  return (
    <span className={styles.wrap}>
      <Avatar name={name} url={user?.avatarUrl ?? null} size={size} />
      {withPresence && <PresenceDot userId={userId} />}
    </span>
  );
}

export function ChatAvatar({
  chat,
  peerId,
  size = "medium",
}: {
  chat: Chat | null;
  peerId: UserId | null;
  size?: Size;
}) {
  if (chat?.kind === "group") return <Avatar name={chat.title} url={chat.avatarUrl} size={size} />;
  return <UserAvatar userId={peerId} size={size} withPresence />;
}

function PresenceDot({ userId }: { readonly userId: UserId | null }) {
  const presence = usePresence(userId);
  return presence?.online ? <span className={styles.dot} data-testid="online" /> : null;
}
