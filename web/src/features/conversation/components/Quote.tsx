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
  const isUnavailable = message === null || message.deletedForEveryone;
  return (
    <button type="button" className={styles.quote} title={t("conversation.goTo")} onClick={() => onSelect(messageId)}>
      {!isUnavailable && <bdi className={styles.name}>{name}</bdi>}
      <bdi className={styles.text}>
        {isUnavailable ? t("conversation.replyGone") : message.text || (message.attachments[0]?.fileName ?? "")}
      </bdi>
    </button>
  );
}
