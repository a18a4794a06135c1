import { Search, SearchX } from "lucide-react";
import { useDeferredValue, useId } from "react";
import { Button } from "@/components/ui/Button";
import { EmptyState } from "@/components/ui/EmptyState";
import { SidePanel } from "@/components/ui/SidePanel";
import { Spinner } from "@/components/ui/Spinner";
import { useErrorText, useTexts } from "@/i18n/hooks";
import type { ChatId, Message } from "@/lib/types";
import { useSearch } from "../hooks/use-search";
import { Hit } from "./Hit";
import styles from "./SearchPanel.module.css";

interface SearchPanelProps {
  readonly search: { readonly query: string; readonly everywhere: boolean };
  readonly onSearch: (search: SearchPanelProps["search"]) => void;
  /** The open chat, or null. */
  readonly chatId: ChatId | null;
  readonly onOpen: (message: Message) => void;
  readonly onClose: () => void;
}

/** Searches messages by words, in one chat or in all chats. */
export default function SearchPanel({ search, onSearch, chatId, onOpen, onClose }: SearchPanelProps) {
  const { t } = useTexts();
  const name = useId();
  const { query, everywhere } = search;
  const all = everywhere || chatId === null;
  return (
    <SidePanel title={t("search.title")} onClose={onClose}>
      <div className={styles.ask} role="search">
        <label className={styles.box}>
          <Search size={16} aria-hidden />
          <span className="visually-hidden">{t("search.query")}</span>
          <input
            type="search"
            dir={query === "" ? undefined : "auto"}
            autoFocus
            maxLength={200}
            placeholder={t("search.query")}
            value={query}
            onChange={(event) => onSearch({ ...search, query: event.target.value })}
          />
        </label>
        {chatId !== null && (
          <div className={styles.scope} role="radiogroup" aria-label={t("search.where")}>
            {[false, true].map((value) => (
              <label key={String(value)}>
                <input
                  type="radio"
                  name={name}
                  checked={everywhere === value}
                  onChange={() => onSearch({ ...search, everywhere: value })}
                />
                <span>{t(value ? "search.everywhere" : "search.here")}</span>
              </label>
            ))}
          </div>
        )}
      </div>
      <Hits query={useDeferredValue(query.trim())} chatId={all ? null : chatId} onOpen={onOpen} />
    </SidePanel>
  );
}

function Hits({ query, chatId, onOpen }: { query: string } & Pick<SearchPanelProps, "chatId" | "onOpen">) {
  const { t } = useTexts();
  const errorText = useErrorText();
  const { messages, pageToken, busy, failure, more } = useSearch(query, chatId);
  if (query === "") return <EmptyState icon={<Search />} title={t("search.begin")} text={t("search.beginText")} />;
  const isOver = pageToken === "";
  return (
    <>
      <p className="visually-hidden" role="status">
        {isOver || messages.length > 0 ? t("search.found", { count: messages.length }) : ""}
      </p>
      {messages.length === 0 && isOver && (
        <EmptyState icon={<SearchX />} title={t("search.none")} text={t("search.noneText")} />
      )}
      {messages.length > 0 && (
        <ul className={styles.hits}>
          {messages.map((message) => (
            <Hit key={message.key} message={message} query={query} withChat={chatId === null} onOpen={onOpen} />
          ))}
        </ul>
      )}
      {failure !== null && <p role="alert">{errorText(failure)}</p>}
      {busy && <Spinner />}
      {!busy && pageToken !== null && !isOver && (
        <Button wide onClick={more}>
          {t(failure === null ? "common.more" : "common.retry")}
        </Button>
      )}
      {!busy && failure !== null && pageToken === null && (
        <Button wide onClick={more}>
          {t("common.retry")}
        </Button>
      )}
    </>
  );
}
