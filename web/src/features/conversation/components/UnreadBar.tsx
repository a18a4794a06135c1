import { ArrowUp, CheckCheck } from "lucide-react";
import { formatUnread } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import styles from "./UnreadBar.module.css";

interface UnreadBarProps {
  /** The number of unread messages above the view. */
  readonly count: number;
  readonly onShow: () => void;
  readonly onMarkRead: () => void;
}

/** Leads to the unread messages that the user has jumped over, and marks them as read. */
export function UnreadBar({ count, onShow, onMarkRead }: UnreadBarProps) {
  const { t } = useTexts();
  if (count === 0) return null;
  return (
    <div className={styles.bar}>
      <button type="button" onClick={onShow}>
        <ArrowUp size={16} aria-hidden />
        <span>{t("chats.unread", { count, shown: formatUnread(count) })}</span>
      </button>
      <button type="button" onClick={onMarkRead}>
        <CheckCheck size={16} aria-hidden />
        <span>{t("conversation.markRead")}</span>
      </button>
    </div>
  );
}
