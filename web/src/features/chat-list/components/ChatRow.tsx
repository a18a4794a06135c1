import { memo } from "react";
import { useChatName, useUserName } from "@/components/people/names";
import { ChatAvatar } from "@/components/people/UserAvatar";
import { formatUnread, formatWhen } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import { useSession, useTyping } from "@/lib/hooks";
import type { Chat, ChatId, Message } from "@/lib/types";
import styles from "./ChatRow.module.css";

interface ChatRowProps {
  readonly chat: Chat;
  readonly selected: boolean;
  readonly onSelect: (chatId: ChatId) => void;
}

export const ChatRow = memo(function ChatRow({ chat, selected, onSelect }: ChatRowProps) {
  const { t, i18n } = useTexts();
  const name = useChatName(chat, chat.peerId);
  return (
    <li>
      <button
        type="button"
        className={styles.row}
        aria-current={selected ? "page" : undefined}
        data-chat={chat.chatId}
        onClick={() => onSelect(chat.chatId)}
      >
        <ChatAvatar chat={chat} peerId={chat.peerId} />
        <span className={styles.text}>
          <span className={styles.line}>
            <bdi className={styles.name}>{name}</bdi>
            <time className={styles.when} dateTime={new Date(chat.lastActivityAt).toISOString()}>
              {formatWhen(chat.lastActivityAt, i18n.language)}
            </time>
          </span>
          <span className={styles.line}>
            <Preview chat={chat} />
            {chat.unreadCount > 0 && (
              <span className={styles.badge}>
                <span aria-hidden>{chat.unreadCount > 99 ? "99+" : chat.unreadCount}</span>
                <span className="visually-hidden">
                  {t("chats.unread", { count: chat.unreadCount, shown: formatUnread(chat.unreadCount) })}
                </span>
              </span>
            )}
          </span>
        </span>
      </button>
    </li>
  );
});

function Preview({ chat }: { readonly chat: Chat }) {
  const { t } = useTexts();
  const typing = useTyping(chat.chatId);
  if (typing.length > 0) return <span className={styles.typing}>{t("chats.typing")}</span>;
  if (!chat.lastMessage) return <span className={styles.preview}>{chat.description}</span>;
  return <LastMessage message={chat.lastMessage} isGroup={chat.kind === "group"} />;
}

function LastMessage({ message, isGroup }: { readonly message: Message; readonly isGroup: boolean }) {
  const { t } = useTexts();
  const session = useSession();
  const sender = useUserName(message.senderId);
  const isOwn = session.phase === "signed-in" && session.userId === message.senderId;
  const summary = useSummary(message);
  const who = isOwn ? t("common.you") : isGroup ? sender : "";
  return (
    <span className={styles.last}>
      {who && <span className={styles.who}>{`${who}: `}</span>}
      <bdi className={styles.preview}>{summary}</bdi>
    </span>
  );
}

function useSummary(message: Message): string {
  const { t } = useTexts();
  if (message.deletedForEveryone) return t("chats.deleted");
  if (message.text !== "") return message.text;
  const first = message.attachments[0];
  if (!first) return "";
  return first.contentType.startsWith("image/") ? t("chats.photo") : first.fileName;
}
