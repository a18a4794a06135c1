import { ArrowDown } from "lucide-react";
import { formatUnread } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import styles from "./JumpButton.module.css";

interface JumpButtonProps {
  /** The number of unread messages below the view. */
  readonly unread: number;
  readonly onJump: () => void;
}

/** Scrolls to the newest message, and shows how many unread ones are below. */
export function JumpButton({ unread, onJump }: JumpButtonProps) {
  const { t } = useTexts();
  return (
    <button type="button" className={styles.jump} onClick={onJump}>
      <ArrowDown size={18} aria-hidden />
      <span className="visually-hidden">{t("conversation.toBottom")}</span>
      {unread > 0 && <span>{t("conversation.jump", { count: unread, shown: formatUnread(unread) })}</span>}
    </button>
  );
}
