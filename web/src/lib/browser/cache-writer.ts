/** Keeps the cache close behind the state. */

import type { State } from "@/lib/state/model";
import type { Store } from "@/lib/state/store";
import { chatsByActivity } from "@/lib/state/selectors";
import type { Cache } from "./cache";

const LAG_MS = 1_000;

/** Writes what changed, a second later; until the returned function is called. */
export function keepCache(store: Store<State>, cache: Cache): () => void {
  let written = store.get();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    timer = undefined;
    const [before, now] = [written, store.get()];
    written = now;
    void Promise.all(writes(cache, before, now)).catch(() => undefined);
  };
  const unsubscribe = store.subscribe(() => {
    timer ??= setTimeout(write, LAG_MS);
  });
  return () => {
    clearTimeout(timer);
    unsubscribe();
  };
}

function writes(cache: Cache, before: State, now: State): readonly Promise<void>[] {
  // What is painted at the next visit is the newest: a part from the middle is not kept.
  const lists = [...now.messages].filter(
    ([id, list]) => list.status === "ready" && !list.hasNewer && before.messages.get(id) !== list,
  );
  const users = [...now.users.values()].filter((user) => before.users.get(user.userId) !== user);
  return [
    ...(now.chatsStatus === "ready" && now.chats !== before.chats ? [cache.saveChats(chatsByActivity(now.chats))] : []),
    ...(users.length > 0 ? [cache.saveUsers(users)] : []),
    ...lists.map(([chatId, list]) => cache.saveMessages(chatId, list.items)),
  ];
}
