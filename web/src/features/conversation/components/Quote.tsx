import { useUserName } from "@/components/people/names";
import { useTexts } from "@/i18n/hooks";
import { useMessage } from "@/lib/hooks";
import type { ChatId, MessageId } from "@/lib/types";
import styles from "./Quote.module.css";

interface QuoteProps {
  readonly chatId: ChatId;
  readonly messageId: MessageId;
  readonly onSelect: (messageId: MessageId) => void;
}

/** The message that a reply refers to. */
export function Quote({ chatId, messageId, onSelect }: QuoteProps) {
  const { t } = useTexts();
  const message = useMessage(chatId, messageId);
  const name = useUserName(message?.senderId ?? null);
  const gone = message === null || message.deletedForEveryone;
  return (
    <button type="button" className={styles.quote} title={t("conversation.goTo")} onClick={() => onSelect(messageId)}>
      {!gone && <bdi className={styles.name}>{name}</bdi>}
      <bdi className={styles.text}>
        {gone ? t("conversation.replyGone") : message.text || (message.attachments[0]?.fileName ?? "")}
      </bdi>
    </button>
  );
}
