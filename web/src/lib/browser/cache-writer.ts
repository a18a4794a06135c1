/** Writes the state to the cache soon after it changes. */

import type { State } from "@/lib/state/model";
import { chatsByActivity } from "@/lib/state/selectors";
import type { Store } from "@/lib/state/store";
import type { Cache } from "./cache";

const WRITE_DELAY_MS = 1_000;

/** Write what changed, a second later. Call the returned function to stop. */
export function startCacheWriter(store: Store<State>, cache: Cache): () => void {
  let written = store.get();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    timer = undefined;
    const [before, now] = [written, store.get()];
    written = now;
    void Promise.all(writes(cache, before, now)).catch(() => undefined);
  };
  const unsubscribe = store.subscribe(() => {
    timer ??= setTimeout(write, WRITE_DELAY_MS);
  });
  return () => {
    clearTimeout(timer);
    unsubscribe();
  };
}

function writes(cache: Cache, before: State, now: State): readonly Promise<void>[] {
  // The next visit starts at the newest messages, so a part from the middle of a chat is not cached.
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
