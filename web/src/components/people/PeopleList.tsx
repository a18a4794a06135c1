import { Search } from "lucide-react";
import { useState } from "react";
import { useTexts } from "@/i18n/hooks";
import { PersonRow } from "./PersonRow";
import { PresenceText } from "./PresenceText";
import { Button } from "@/components/ui/Button";
import { Spinner } from "@/components/ui/Spinner";
import type { UserId } from "@/lib/types";
import { usePeople } from "./use-people";
import styles from "./PeopleList.module.css";

interface PeopleListProps {
  readonly onSelect: (userId: UserId) => void;
  /** The selected users, for multiple selection. */
  readonly chosen?: ReadonlySet<UserId>;
  readonly without?: ReadonlySet<UserId>;
  /** Whether the search field gets the focus. */
  readonly focused?: boolean;
}

/** A list of users to choose from, with a search field. */
export function PeopleList({ onSelect, chosen, without, focused = true }: PeopleListProps) {
  const { t } = useTexts();
  const [query, setQuery] = useState("");
  const people = usePeople(query);
  const shown = people.items.filter((user) => !without?.has(user.userId));
  return (
    <div className={styles.people}>
      <label className={styles.search}>
        <Search size={16} aria-hidden />
        <span className="visually-hidden">{t("people.search")}</span>
        <input
          type="search"
          dir={query === "" ? undefined : "auto"}
          autoFocus={focused}
          placeholder={t("people.search")}
          value={query}
          maxLength={32}
          onChange={(event) => setQuery(event.target.value)}
        />
      </label>
      {people.status === "loading" && <Spinner />}
      {people.status === "failed" && <p className={styles.note}>{t("people.failed")}</p>}
      {people.status === "ready" && shown.length === 0 && <p className={styles.note}>{t("people.none")}</p>}
      <ul className={styles.list}>
        {shown.map((user) => (
          <PersonRow
            key={user.userId}
            userId={user.userId}
            note={<PresenceText userId={user.userId} />}
            onSelect={() => onSelect(user.userId)}
            {...(chosen ? { chosen: chosen.has(user.userId) } : {})}
          />
        ))}
      </ul>
      {people.nextPageToken !== "" && (
        <Button wide onClick={people.more}>
          {t("common.more")}
        </Button>
      )}
    </div>
  );
}
