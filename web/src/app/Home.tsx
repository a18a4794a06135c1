import { MessagesSquare } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { EmptyState } from "@/components/ui/EmptyState";
import { patiently } from "@/components/ui/patiently";
import { ChatList } from "@/features/chat-list/components/ChatList";
import { ConnectionBanner } from "@/features/connection/components/ConnectionBanner";
import { useNotifications } from "@/features/notifications/hooks/use_notifications";
import { useTitleBadge } from "@/features/notifications/hooks/use_title_badge";
import { useShortcuts } from "@/features/shortcuts/hooks/use_shortcuts";
import { useChats } from "@/lib/hooks";
import type { ChatId, UserId } from "@/lib/types";
import styles from "./Home.module.css";
import type { Opened } from "./opened";
import { OwnMenu } from "./OwnMenu";
import { useRoute } from "./router";

const later = {
  chatScreen: patiently(() => import("./ChatScreen")),
  dialogs: patiently(() => import("./Dialogs")),
  details: patiently(() => import("./Details")),
};
const ChatScreen = lazy(later.chatScreen);
const Dialogs = lazy(later.dialogs);
const Details = lazy(later.details);

/** What is not needed for the first picture is loaded right after it: it is there when asked for, also without a network. */
function useRest(): void {
  useEffect(() => {
    for (const load of Object.values(later)) load().catch(() => undefined);
  }, []);
}

/** Everything behind the login: the list, the open chat, its details, and the dialogs above them. */
export function Home({ me }: { readonly me: UserId }) {
  const { t } = useTranslation();
  const { chatId, go } = useRoute();
  const [opened, setOpened] = useState<Opened | null>(null);
  const [detailsOf, setDetailsOf] = useState<ChatId | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const showsDetails = chatId !== null && detailsOf === chatId;
  const close = useCallback(() => setOpened(null), []);
  const openChat = useCallback(
    (next: ChatId) => {
      setOpened(null);
      go(next);
    },
    [go],
  );
  const closeDetails = useCallback(() => setDetailsOf(null), []);

  useRest();
  useTitleBadge();
  useNotifications(me, openChat);
  useHomeShortcuts({ chatId, go, search, showsDetails, closeDetails, setOpened });

  return (
    <div className={styles.home} data-open={chatId !== null} data-details={showsDetails}>
      <ConnectionBanner />
      <div className={styles.list}>
        <ChatList
          selected={chatId}
          onSelect={go}
          onNewChat={() => setOpened({ kind: "new-chat" })}
          onNewGroup={() => setOpened({ kind: "new-group" })}
          searchRef={search}
          header={<OwnMenu me={me} onOpen={setOpened} />}
        />
      </div>
      <main className={styles.main}>
        {chatId === null ? (
          <EmptyState icon={<MessagesSquare />} title={t("chats.pick")} text={t("chats.pickText")} />
        ) : (
          <Suspense>
            <ChatScreen
              key={chatId}
              chatId={chatId}
              me={me}
              onBack={() => go(null)}
              onDetails={() => setDetailsOf(showsDetails ? null : chatId)}
            />
          </Suspense>
        )}
      </main>
      {showsDetails && (
        <div className={styles.details}>
          <Suspense>
            <Details
              key={chatId}
              chatId={chatId}
              me={me}
              onOpenChat={openChat}
              onGone={() => go(null)}
              onClose={closeDetails}
            />
          </Suspense>
        </div>
      )}
      {opened && (
        <Suspense>
          <Dialogs opened={opened} onChange={setOpened} onOpenChat={openChat} onClose={close} />
        </Suspense>
      )}
    </div>
  );
}

interface HomeShortcuts {
  readonly chatId: ChatId | null;
  readonly go: (chatId: ChatId | null) => void;
  readonly search: React.RefObject<HTMLInputElement | null>;
  readonly showsDetails: boolean;
  readonly closeDetails: () => void;
  readonly setOpened: (opened: Opened) => void;
}

function useHomeShortcuts({ chatId, go, search, showsDetails, closeDetails, setOpened }: HomeShortcuts): void {
  const { chats } = useChats();
  const shortcuts = useMemo(() => {
    const step = (by: number): void => {
      const at = chats.findIndex((chat) => chat.chatId === chatId);
      const next = chats[at < 0 ? 0 : at + by];
      if (next) go(next.chatId);
    };
    return {
      search: () => search.current?.focus(),
      newChat: () => setOpened({ kind: "new-chat" }),
      nextChat: () => step(1),
      previousChat: () => step(-1),
      composer: () => document.querySelector<HTMLElement>('[data-testid="composer"]')?.focus(),
      help: () => setOpened({ kind: "shortcuts" }),
      close: () => (showsDetails ? closeDetails() : go(null)),
    };
  }, [chats, chatId, go, search, showsDetails, closeDetails, setOpened]);
  useShortcuts(shortcuts);
}
