import { ArrowDown } from "lucide-react";
import { useTexts } from "@/i18n/hooks";
import type { Message } from "@/lib/types";
import { useUnseen } from "../hooks/use-unseen";
import styles from "./JumpButton.module.css";

interface JumpButtonProps {
  readonly messages: readonly Message[];
  readonly hasNewer: boolean;
  readonly atEnd: boolean;
  readonly onJump: () => void;
}

/** Scrolls to the newest message, and shows the number of new ones. */
export function JumpButton({ messages, hasNewer, atEnd, onJump }: JumpButtonProps) {
  const { t } = useTexts();
  const unseen = useUnseen(messages, hasNewer, atEnd);
  if (atEnd) return null;
  return (
    <button type="button" className={styles.jump} onClick={onJump}>
      <ArrowDown size={18} aria-hidden />
      <span className="visually-hidden">{t("conversation.toBottom")}</span>
      {unseen > 0 && <span>{t("conversation.jump", { count: unseen })}</span>}
    </button>
  );
}
