import { useUserNames } from "@/components/people/names";
import { formatList } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import { groupReactions, type ReactionGroup } from "@/lib/state/selectors";
import type { Message, UserId } from "@/lib/types";
import styles from "./Reactions.module.css";

interface ReactionsProps {
  readonly message: Message;
  readonly me: UserId;
  readonly onReact: (message: Message, emoji: string) => void;
}

export function Reactions({ message, me, onReact }: ReactionsProps) {
  if (message.reactions.length === 0 || message.deletedForEveryone) return null;
  return (
    <ul className={styles.list}>
      {groupReactions(message.reactions, me).map((group) => (
        <li key={group.emoji}>
          <Reaction group={group} onReact={() => onReact(message, group.emoji)} />
        </li>
      ))}
    </ul>
  );
}

function Reaction({ group, onReact }: { readonly group: ReactionGroup; readonly onReact: () => void }) {
  const { t, i18n } = useTexts();
  const names = formatList(useUserNames(group.userIds), i18n.language);
  const label = t("actions.reacted", { emoji: group.emoji, names });
  return (
    <button type="button" className={styles.reaction} aria-pressed={group.mine} title={label} onClick={onReact}>
      <span>{group.emoji}</span>
      <span className={styles.count}>{group.userIds.length}</span>
    </button>
  );
}
