import { useCallback, useEffect, useState } from "react";
import { useActions } from "@/lib/hooks";
import type { Page, User } from "@/lib/types";

const PAUSE_MS = 150;

interface People {
  readonly query: string;
  readonly items: readonly User[];
  readonly nextPageToken: string;
  readonly status: "loading" | "ready" | "failed";
}

/** Load all users, or those whose name matches, when typing pauses. */
export function usePeople(query: string) {
  const { listUsers, searchUsers } = useActions();
  const wanted = query.trim();
  const [people, setPeople] = useState<People>({ query: "", items: [], nextPageToken: "", status: "loading" });

  const ask = useCallback(
    (pageToken: string): Promise<Page<User>> => (wanted === "" ? listUsers(pageToken) : searchUsers(wanted, pageToken)),
    [wanted, listUsers, searchUsers],
  );

  useEffect(() => {
    let current = true;
    const timer = setTimeout(
      () =>
        void ask("").then(
          (page) => current && setPeople({ query: wanted, ...page, status: "ready" }),
          () => current && setPeople({ query: wanted, items: [], nextPageToken: "", status: "failed" }),
        ),
      wanted === "" ? 0 : PAUSE_MS,
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [ask, wanted]);

  const more = async (): Promise<void> => {
    const page = await ask(people.nextPageToken).catch(() => null);
    if (page)
      setPeople((now) => (now.query === wanted ? { ...now, ...page, items: [...now.items, ...page.items] } : now));
  };

  return { ...people, more: () => void more() };
}
