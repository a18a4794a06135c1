import { type KeyboardEvent, type MouseEvent, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { QUICK_REACTIONS } from "@/components/emoji/quick-reactions";
import { lazyComponent } from "@/components/ui/lazy-component";
import { useTexts } from "@/i18n/hooks";
import { useChat, type useMessages } from "@/lib/hooks";
import { reachesBackTo } from "@/lib/state/messages";
import type { HiddenRange, MessageId } from "@/lib/types";
import { useMessageCommands } from "../hooks/use-message-commands";
import { useAttention } from "../hooks/use-attention";
import { useFindMessage } from "../hooks/use-find-message";
import { useMessageFocus } from "../hooks/use-message-focus";
import { rowOf, useMessageMenu } from "../hooks/use-message-menu";
import { useMessageScroll } from "../hooks/use-message-scroll";
import { useReadMark } from "../hooks/use-read-mark";
import { useReading } from "../hooks/use-reading";
import { buildRows } from "../hooks/rows";
import type { ConversationProps, Jump, LightboxPictures } from "../types";
import { JumpButton } from "./JumpButton";
import { ListRow } from "./ListRow";
import styles from "./MessageList.module.css";
import { UnreadBar } from "./UnreadBar";

const MessageMenu = lazyComponent(() => import("./MessageMenu"));
const Lightbox = lazyComponent(() => import("./Lightbox"));

const NO_RANGES: readonly HiddenRange[] = [];

type MessageListProps = Omit<ConversationProps, "target"> & {
  readonly list: ReturnType<typeof useMessages>;
  readonly jump: Jump | null;
  readonly onQuote: (messageId: MessageId) => void;
};

/** One part of a chat. Mount a new one (`key`) for each part. */
export function MessageList({ chatId, me, name, isGroup, list, jump, onQuote, onReply, onEdit }: MessageListProps) {
  const { t } = useTexts();
  const { messages, hasOlder, loadingOlder } = list;
  const scroller = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<LightboxPictures | null>(null);
  const { mark, renewMark } = useReadMark(chatId, me, list);
  const hasLine = mark !== "all" && reachesBackTo({ items: messages, hasOlder }, mark.upTo);
  const hidden = useChat(chatId)?.hiddenRanges ?? NO_RANGES;
  const { hasNewer } = list;
  const rows = useMemo(
    () => buildRows(messages, me, hasLine ? mark : "all", { hidden, hasOlder, hasNewer }),
    [messages, me, mark, hasLine, hidden, hasOlder, hasNewer],
  );
  const { virtual, started, atEnd, onScroll, toEnd } = useMessageScroll({ rows, list, scroller, jump, mark, isGroup });
  const attentive = useAttention();
  const reading = useReading({ chatId, me, list, rows, virtual, scroller, started, attentive });
  useReturn(attentive, atEnd, renewMark);
  const moveFocus = useMessageFocus(rows, virtual);

  const find = useFindMessage(messages);
  const menu = useMessageMenu(find);
  const commands = useMessageCommands({ onReply, onEdit });

  const openMenu = menu.open;
  const onOpen = useCallback((kind: "menu" | "emoji", target: EventTarget) => void openMenu(kind, target), [openMenu]);
  const onDoubleClick = (event: MouseEvent): void => {
    const message = find(rowOf(event.target)?.dataset.key ?? "");
    const inControl = event.target instanceof Element && event.target.closest("a, button") !== null;
    if (message && !inControl) commands.react(message, QUICK_REACTIONS[0]);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    moveFocus(event);
    menu.handlers.onKeyDown(event);
  };

  const items = virtual.getVirtualItems();
  return (
    <>
      <div
        ref={scroller}
        className={styles.scroller}
        role="log"
        aria-live="off"
        aria-label={t("conversation.messages", { name })}
        aria-busy={loadingOlder}
        tabIndex={0}
        onScroll={() => {
          onScroll();
          reading.onScroll();
        }}
        onDoubleClick={onDoubleClick}
        {...menu.handlers}
        onKeyDown={onKeyDown}
      >
        {loadingOlder && <p className={styles.older}>{t("conversation.olderLoading")}</p>}
        <div className={styles.all} style={{ height: virtual.getTotalSize() }}>
          {items.map(({ key, index, start }) => {
            const row = rows[index];
            return (
              row && (
                <div
                  key={key}
                  ref={virtual.measureElement}
                  data-index={index}
                  className={styles.place}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <ListRow
                    row={row}
                    me={me}
                    isGroup={isGroup}
                    found={row.kind === "message" && row.message.messageId === jump?.messageId}
                    onOpen={onOpen}
                    onQuote={onQuote}
                    onShow={setShown}
                    commands={commands}
                  />
                </div>
              )
            );
          })}
        </div>
      </div>
      <UnreadBar
        count={reading.outside.above}
        onShow={reading.isLoaded ? renewMark : list.showUnread}
        onMarkRead={reading.markAll}
      />
      {started && !atEnd && (
        <JumpButton
          unread={reading.outside.below}
          onJump={() => {
            reading.markAll();
            toEnd();
          }}
        />
      )}
      <Suspense>
        <MessageMenu menu={menu} me={me} commands={commands} />
        {shown && <Lightbox shown={shown} onClose={() => setShown(null)} />}
      </Suspense>
    </>
  );
}

/** At the end of the chat, begin a new line of new messages when the user comes back to the page. */
function useReturn(attentive: boolean, atEnd: boolean, renewMark: () => void): void {
  const [wasAttentive, setWasAttentive] = useState(attentive);
  if (attentive === wasAttentive) return;
  setWasAttentive(attentive);
  if (attentive && atEnd) renewMark();
}
