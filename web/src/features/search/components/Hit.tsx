import { useChatName, useUserName } from "@/components/people/names";
import { UserAvatar } from "@/components/people/UserAvatar";
import { formatDateTime, formatWhen } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import { useChat } from "@/lib/hooks";
import type { Message } from "@/lib/types";
import { excerpt } from "../hooks/excerpt";
import styles from "./Hit.module.css";

interface HitProps {
  readonly message: Message;
  readonly query: string;
  /** Shows the name of the chat. */
  readonly withChat: boolean;
  readonly onOpen: (message: Message) => void;
}

export function Hit({ message, query, withChat, onOpen }: HitProps) {
  const { i18n } = useTexts();
  const chat = useChat(message.chatId);
  const sender = useUserName(message.senderId);
  const chatName = useChatName(chat, chat?.peerId ?? null);
  const files = message.attachments.map((file) => file.fileName).join(", ");
  return (
    <li>
      <button type="button" className={styles.hit} onClick={() => onOpen(message)}>
        <UserAvatar userId={message.senderId} size="small" />
        <span className={styles.body}>
          <span className={styles.line}>
            <bdi className={styles.name}>{sender}</bdi>
            <time
              className={styles.when}
              dateTime={new Date(message.createdAt).toISOString()}
              title={formatDateTime(message.createdAt, i18n.language)}
            >
              {formatWhen(message.createdAt, i18n.language)}
            </time>
          </span>
          {withChat && <bdi className={styles.chat}>{chatName}</bdi>}
          {message.text !== "" && <Marked className={styles.text} text={message.text} query={query} />}
          {files !== "" && <Marked className={styles.files} text={files} query={query} />}
        </span>
      </button>
    </li>
  );
}

function Marked({ text, query, className }: { text: string; query: string; className: string | undefined }) {
  return (
    <span className={className}>
      <bdi>
        {excerpt(text, query).map((segment, index) =>
          segment.found ? <mark key={index}>{segment.text}</mark> : <span key={index}>{segment.text}</span>,
        )}
      </bdi>
    </span>
  );
}
