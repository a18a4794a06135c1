import { type KeyboardEvent, use, useState } from "react";
import { useTexts } from "@/i18n/hooks";
import { EMOJI_GROUPS, type Emoji, type EmojiGroup, loadEmoji, searchEmoji } from "./emoji-data";
import styles from "./EmojiPicker.module.css";

const COLUMNS = 8;

interface EmojiPickerProps {
  readonly onPick: (emoji: string) => void;
}

/** A grid of emoji with search. Suspends until the list is loaded. */
export default function EmojiPicker({ onPick }: EmojiPickerProps) {
  const { t, i18n } = useTexts();
  const groups = use(loadEmoji(i18n.language));
  const [query, setQuery] = useState("");
  const [group, setGroup] = useState<EmojiGroup>("smileys_people");
  const shown = query.trim() === "" ? (groups.get(group) ?? []) : searchEmoji(groups, query);
  return (
    <div className={styles.picker}>
      <input
        type="search"
        className={styles.search}
        aria-label={t("emoji.search")}
        placeholder={t("emoji.search")}
        value={query}
        autoFocus
        onChange={(event) => setQuery(event.target.value)}
      />
      <div className={styles.tabs}>
        {EMOJI_GROUPS.map((name) => (
          <button
            key={name}
            type="button"
            title={t(`emoji.${name}`)}
            aria-label={t(`emoji.${name}`)}
            aria-pressed={name === group && query === ""}
            onClick={() => {
              setGroup(name);
              setQuery("");
            }}
          >
            {groups.get(name)?.[0]?.emoji}
          </button>
        ))}
      </div>
      {shown.length === 0 ? (
        <p className={styles.none}>{t("emoji.none")}</p>
      ) : (
        <Grid key={group} emoji={shown} onPick={onPick} />
      )}
    </div>
  );
}

function Grid({ emoji, onPick }: { readonly emoji: readonly Emoji[]; readonly onPick: (emoji: string) => void }) {
  return (
    <div className={styles.grid} data-testid="emoji" onKeyDown={moveFocus}>
      {emoji.map(({ emoji: text, names }, index) => (
        <button
          key={text}
          type="button"
          tabIndex={index === 0 ? 0 : -1}
          title={names.at(-1)}
          aria-label={names.at(-1)}
          onClick={() => onPick(text)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** Move the focus over the grid with the arrow keys. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: COLUMNS,
    ArrowUp: -COLUMNS,
  };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const isHorizontal = Math.abs(step) === 1;
  const offset = isHorizontal && document.documentElement.dir === "rtl" ? -step : step;
  const all = [...event.currentTarget.children];
  const next = all[all.indexOf(event.target as Element) + offset];
  if (next instanceof HTMLElement) next.focus();
}
