import { MessagesSquare } from "lucide-react";
import { Suspense, useCallback, useEffect, useRef, useState } from "react";
import { EmptyState } from "@/components/ui/EmptyState";
import { lazyComponent, preloadComponents } from "@/components/ui/lazy-component";
import { ChatList } from "@/features/chat-list/components/ChatList";
import { ConnectionBanner } from "@/features/connection/components/ConnectionBanner";
import { useTexts } from "@/i18n/hooks";
import type { ChatId, UserId } from "@/lib/types";
import { HomeEffects } from "./HomeEffects";
import styles from "./Home.module.css";
import type { OpenDialog } from "./types";
import { OwnMenu } from "./OwnMenu";
import { useRoute } from "./router";
import { useSidePanel } from "./use-side-panel";

const ChatScreen = lazyComponent(() => import("./ChatScreen"));
const Dialogs = lazyComponent(() => import("./Dialogs"));
const Details = lazyComponent(() => import("./Details"));
const SearchPanel = lazyComponent(() => import("@/features/search/components/SearchPanel"));

function usePreload(): void {
  useEffect(() => {
    const stop = new AbortController();
    void preloadComponents(stop.signal);
    return () => stop.abort();
  }, []);
}

/** The screen of a logged-in user: the chat list, the open chat, the side panel, and dialogs. */
export function Home({ me }: { readonly me: UserId }) {
  const { t } = useTexts();
  const { chatId, go } = useRoute();
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const close = useCallback(() => setDialog(null), []);
  const openChat = useCallback(
    (next: ChatId) => {
      setDialog(null);
      go(next);
    },
    [go],
  );
  const panel = useSidePanel(chatId, openChat);
  const find = useCallback(() => panel.find({ everywhere: chatId === null }), [panel, chatId]);

  usePreload();
  const closePanel = panel.shown ? panel.close : null;

  return (
    <div className={styles.home} data-open={chatId !== null} data-details={panel.shown !== null}>
      <HomeEffects
        me={me}
        onOpenChat={openChat}
        shortcuts={{ chatId, go, search, closePanel, onFind: find, setDialog }}
      />
      <ConnectionBanner />
      <div className={styles.list}>
        <ChatList
          selected={chatId}
          onSelect={go}
          onNewChat={() => setDialog({ kind: "new-chat" })}
          onNewGroup={() => setDialog({ kind: "new-group" })}
          onFind={(query) => panel.find({ query, everywhere: true })}
          searchRef={search}
          header={<OwnMenu me={me} onOpen={setDialog} />}
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
              onDetails={panel.toggleDetails}
              onSearch={find}
              target={panel.target}
            />
          </Suspense>
        )}
      </main>
      {panel.shown !== null && (
        <div className={styles.details}>
          <Suspense>
            {panel.shown === "search" ? (
              <SearchPanel
                search={panel.search}
                onSearch={panel.setSearch}
                chatId={chatId}
                onOpen={panel.openMessage}
                onClose={panel.close}
              />
            ) : (
              chatId !== null && (
                <Details
                  key={chatId}
                  chatId={chatId}
                  me={me}
                  onOpenChat={openChat}
                  onGone={() => go(null)}
                  onClose={panel.close}
                />
              )
            )}
          </Suspense>
        </div>
      )}
      {dialog && (
        <Suspense>
          <Dialogs dialog={dialog} onChange={setDialog} onOpenChat={openChat} onClose={close} />
        </Suspense>
      )}
    </div>
  );
}
