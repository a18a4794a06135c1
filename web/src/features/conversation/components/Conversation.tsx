import { MessageCircle } from "lucide-react";
import { useCallback, useMemo } from "react";
import { Button } from "@/components/ui/Button";
import { EmptyState } from "@/components/ui/EmptyState";
import { Spinner } from "@/components/ui/Spinner";
import { useTexts } from "@/i18n/hooks";
import { useChat, useMessages } from "@/lib/hooks";
import { useJump } from "../hooks/use-jump";
import type { ConversationProps } from "../types";
import { Announcer } from "./Announcer";
import styles from "./Conversation.module.css";
import { MessageList } from "./MessageList";
import { TypingLine } from "./TypingLine";

/** A chat's messages. Mount one per chat (`key`), so that the line of unread messages starts over. */
export function Conversation({ target, ...props }: ConversationProps) {
  const { t } = useTexts();
  const list = useMessages(props.chatId);
  const { jump, jumpTo, endJump } = useJump(target, list.showMessage);
  const { showNewest } = list;
  const toNewest = useCallback(() => {
    endJump();
    showNewest();
  }, [endJump, showNewest]);
  const withEnd = useMemo(() => ({ ...list, showNewest: toNewest }), [list, toNewest]);
  const isEmpty = list.messages.length === 0;
  const hidesAll = (useChat(props.chatId)?.hiddenRanges ?? []).length > 0;
  return (
    <div className={styles.conversation}>
      {isEmpty && list.status === "failed" && (
        <EmptyState icon={<MessageCircle />} title={t("conversation.failed")}>
          <Button onClick={list.reload}>{t("common.retry")}</Button>
        </EmptyState>
      )}
      {isEmpty && list.status === "ready" && (
        <EmptyState
          icon={<MessageCircle />}
          title={t("conversation.empty")}
          text={t(hidesAll ? "conversation.hidden" : "conversation.emptyText")}
        />
      )}
      {isEmpty && (list.status === "empty" || list.status === "cached") && <Spinner />}
      {!isEmpty && <MessageList key={list.part} {...props} list={withEnd} jump={jump} onQuote={jumpTo} />}
      <TypingLine chatId={props.chatId} />
      {!list.hasNewer && <Announcer messages={list.messages} me={props.me} />}
    </div>
  );
}
