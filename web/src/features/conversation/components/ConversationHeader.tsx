import { ArrowLeft, Info, Search } from "lucide-react";
import { useChatName } from "@/components/people/names";
import { PresenceText } from "@/components/people/PresenceText";
import { ChatAvatar } from "@/components/people/UserAvatar";
import { IconButton } from "@/components/ui/Button";
import { useTexts } from "@/i18n/hooks";
import { useChat, useTyping } from "@/lib/hooks";
import type { ChatId, UserId } from "@/lib/types";
import styles from "./ConversationHeader.module.css";

interface ConversationHeaderProps {
  readonly chatId: ChatId;
  readonly peerId: UserId | null;
  readonly onBack: () => void;
  readonly onDetails: () => void;
  readonly onSearch: () => void;
}

export function ConversationHeader({ chatId, peerId, onBack, onDetails, onSearch }: ConversationHeaderProps) {
  const { t } = useTexts();
  const chat = useChat(chatId);
  const name = useChatName(chat, peerId);
  const typing = useTyping(chatId);
  return (
    <header className={styles.header}>
      <IconButton className={styles.back} label={t("common.back")} onClick={onBack}>
        <ArrowLeft size={20} className={styles.arrow} />
      </IconButton>
      <button type="button" className={styles.who} onClick={onDetails}>
        <ChatAvatar chat={chat} peerId={peerId} />
        <span className={styles.text}>
          <h1 className={styles.name}>
            <bdi>{name}</bdi>
          </h1>
          <span className={styles.note}>
            {typing.length > 0 ? (
              <b className={styles.typing}>{t("chats.typing")}</b>
            ) : (
              <Note chatId={chatId} peerId={peerId} />
            )}
          </span>
        </span>
      </button>
      <IconButton label={t("conversation.search")} onClick={onSearch}>
        <Search size={20} />
      </IconButton>
      <IconButton label={t("conversation.details")} onClick={onDetails}>
        <Info size={20} />
      </IconButton>
    </header>
  );
}

function Note({ chatId, peerId }: Pick<ConversationHeaderProps, "chatId" | "peerId">) {
  const { t } = useTexts();
  const chat = useChat(chatId);
  if (peerId !== null) return <PresenceText userId={peerId} />;
  return chat ? t("conversation.members", { count: chat.members.length }) : null;
}
