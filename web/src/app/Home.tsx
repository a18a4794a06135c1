import { MessagesSquare } from "lucide-react";
import { Suspense, useCallback, useEffect, useRef, useState } from "react";
import { EmptyState } from "@/components/ui/EmptyState";
import { later, loadTheRest } from "@/components/ui/lazy-component";
import { ChatList } from "@/features/chat-list/components/ChatList";
import { ConnectionBanner } from "@/features/connection/components/ConnectionBanner";
import { useTexts } from "@/i18n/hooks";
import type { ChatId, UserId } from "@/lib/types";
import { Followers } from "./HomeEffects";
import styles from "./Home.module.css";
import type { Opened } from "./types";
import { OwnMenu } from "./OwnMenu";
import { useRoute } from "./router";
import { useSide } from "./use-side-panel";

const ChatScreen = later(() => import("./ChatScreen"));
const Dialogs = later(() => import("./Dialogs"));
const Details = later(() => import("./Details"));
const SearchPanel = later(() => import("@/features/search/components/SearchPanel"));

function useRest(): void {
  useEffect(() => {
    const stop = new AbortController();
    void loadTheRest(stop.signal);
    return () => stop.abort();
  }, []);
}

/** Everything behind the login: the list, the open chat, its details, and the dialogs above them. */
export function Home({ me }: { readonly me: UserId }) {
  const { t } = useTexts();
  const { chatId, go } = useRoute();
  const [opened, setOpened] = useState<Opened | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const close = useCallback(() => setOpened(null), []);
  const openChat = useCallback(
    (next: ChatId) => {
      setOpened(null);
      go(next);
    },
    [go],
  );
  const side = useSide(chatId, openChat);
  const find = useCallback(() => side.find({ everywhere: chatId === null }), [side, chatId]);

  useRest();
  const closeSide = side.shown ? side.close : null;

  return (
    <div className={styles.home} data-open={chatId !== null} data-details={side.shown !== null}>
      <Followers me={me} onOpenChat={openChat} shortcuts={{ chatId, go, search, closeSide, onFind: find, setOpened }} />
      <ConnectionBanner />
      <div className={styles.list}>
        <ChatList
          selected={chatId}
          onSelect={go}
          onNewChat={() => setOpened({ kind: "new-chat" })}
          onNewGroup={() => setOpened({ kind: "new-group" })}
          onFind={(query) => side.find({ query, everywhere: true })}
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
              onDetails={side.toggleDetails}
              onSearch={find}
              target={side.target}
            />
          </Suspense>
        )}
      </main>
      {side.shown !== null && (
        <div className={styles.details}>
          <Suspense>
            {side.shown === "search" ? (
              <SearchPanel
                search={side.search}
                onSearch={side.setSearch}
                chatId={chatId}
                onOpen={side.openMessage}
                onClose={side.close}
              />
            ) : (
              chatId !== null && (
                <Details
                  key={chatId}
                  chatId={chatId}
                  me={me}
                  onOpenChat={openChat}
                  onGone={() => go(null)}
                  onClose={side.close}
                />
              )
            )}
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
