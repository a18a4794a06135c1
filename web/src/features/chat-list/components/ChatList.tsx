import { MessageSquarePlus, MessageSquareText, Search, SquarePen, Users } from "lucide-react";
import { type ReactNode, type RefObject, useDeferredValue, useState } from "react";
import { Button, IconButton } from "@/components/ui/Button";
import { EmptyState } from "@/components/ui/EmptyState";
import { Menu } from "@/components/ui/Menu";
import { Spinner } from "@/components/ui/Spinner";
import { useTexts } from "@/i18n/hooks";
import { useChats } from "@/lib/hooks";
import type { ChatId } from "@/lib/types";
import { useMatchingChats } from "../hooks/use-matching-chats";
import styles from "./ChatList.module.css";
import { ChatRow } from "./ChatRow";

interface ChatListProps {
  readonly selected: ChatId | null;
  readonly onSelect: (chatId: ChatId) => void;
  readonly onNewChat: () => void;
  readonly onNewGroup: () => void;
  /** Search for words in messages instead. */
  readonly onFind: (query: string) => void;
  readonly searchRef: RefObject<HTMLInputElement | null>;
  /** The user's own picture and menu, above the list. */
  readonly header: ReactNode;
}

export function ChatList({ selected, onSelect, onNewChat, onNewGroup, onFind, searchRef, header }: ChatListProps) {
  const { t } = useTexts();
  const [query, setQuery] = useState("");
  return (
    <nav className={styles.pane} aria-label={t("chats.title")}>
      <header className={styles.header}>
        {header}
        <Menu
          trigger={
            <IconButton label={t("chats.newChat")}>
              <SquarePen size={20} />
            </IconButton>
          }
          items={[
            { key: "chat", label: t("chats.newChat"), icon: <MessageSquarePlus size={18} />, onSelect: onNewChat },
            { key: "group", label: t("chats.newGroup"), icon: <Users size={18} />, onSelect: onNewGroup },
          ]}
        />
      </header>
      <label className={styles.search}>
        <Search size={16} aria-hidden />
        <span className="visually-hidden">{t("chats.filter")}</span>
        <input
          ref={searchRef}
          type="search"
          dir={query === "" ? undefined : "auto"}
          placeholder={t("chats.filter")}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
      </label>
      {query.trim() !== "" && (
        <button type="button" className={styles.find} onClick={() => onFind(query.trim())}>
          <MessageSquareText size={18} aria-hidden />
          <span>{t("search.messages", { query: query.trim() })}</span>
        </button>
      )}
      <Rows query={useDeferredValue(query)} selected={selected} onSelect={onSelect} onNewChat={onNewChat} />
    </nav>
  );
}

function Rows({
  query,
  selected,
  onSelect,
  onNewChat,
}: { query: string } & Pick<ChatListProps, "selected" | "onSelect" | "onNewChat">) {
  const { t } = useTexts();
  const { chats, status, reload } = useChats();
  const shown = useMatchingChats(chats, query);
  if (status === "empty") return <Spinner />;
  if (status === "failed") {
    return (
      <EmptyState icon={<MessageSquarePlus />} title={t("chats.failed")}>
        <Button onClick={reload}>{t("common.retry")}</Button>
      </EmptyState>
    );
  }
  if (chats.length === 0) {
    return (
      <EmptyState icon={<MessageSquarePlus />} title={t("chats.none")} text={t("chats.noneText")}>
        <Button look="primary" onClick={onNewChat}>
          {t("chats.newChat")}
        </Button>
      </EmptyState>
    );
  }
  if (shown.length === 0) return <p className={styles.note}>{t("chats.noMatch")}</p>;
  return (
    <ul className={styles.list}>
      {shown.map((chat) => (
        <ChatRow key={chat.chatId} chat={chat} selected={chat.chatId === selected} onSelect={onSelect} />
      ))}
    </ul>
  );
}
