import { Check, CheckCheck, CircleAlert, Clock } from "lucide-react";
import { useUserNames } from "@/components/people/names";
import { formatDateTime, formatList, formatTime } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import { useReaders, useReceipt, useSendProgress } from "@/lib/hooks";
import type { Message } from "@/lib/types";
import styles from "./MessageFooter.module.css";

/** Time, edit mark and delivery state of a message. */
export function MessageFooter({ message, isOwn }: { readonly message: Message; readonly isOwn: boolean }) {
  const { t, i18n } = useTexts();
  return (
    <p className={styles.footer}>
      {message.editedAt !== null && !message.deletedForEveryone && <span>{t("conversation.edited")}</span>}
      <time
        dateTime={new Date(message.createdAt).toISOString()}
        title={formatDateTime(message.createdAt, i18n.language)}
      >
        {formatTime(message.createdAt, i18n.language)}
      </time>
      {isOwn && !message.deletedForEveryone && <Ticks message={message} />}
    </p>
  );
}

function Ticks({ message }: { readonly message: Message }) {
  const { t, i18n } = useTexts();
  const receipt = useReceipt(message);
  const progress = useSendProgress(message.clientMessageId);
  const names = useUserNames(useReaders(message));
  switch (receipt) {
    case "sending":
      return (
        <span className={styles.tick} role="img" aria-label={t("conversation.sending")}>
          {progress !== null && <span>{Math.floor(progress * 100)} %</span>}
          <Clock size={13} />
        </span>
      );
    case "failed":
      return <CircleAlert size={14} className={styles.failed} role="img" aria-label={t("conversation.notSent")} />;
    case "sent":
    case "read": {
      const label =
        names.length > 0
          ? t("conversation.readBy", { names: formatList(names, i18n.language) })
          : t("conversation.sent");
      const Icon = receipt === "read" ? CheckCheck : Check;
      return (
        <span className={styles.tick} data-receipt={receipt} role="img" title={label} aria-label={label}>
          <Icon size={15} />
        </span>
      );
    }
  }
}
