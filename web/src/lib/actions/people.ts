import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { newId } from "@/lib/ids";
import { mergePresences } from "@/lib/live/presence";
import { upload } from "@/lib/outbox/upload";
import { presenceOf, userOf } from "@/lib/rpc/mapping";
import { withEntry } from "@/lib/state/model";
import { ChatlyError, type User } from "@/lib/types";
import type { PeopleActions } from "./types";
import type { ActionContext } from "./context";

const USERS_PAGE = 50;
const BLOCKED_PAGE = 200;

export function peopleActions(context: ActionContext): PeopleActions {
  const { clients, store, signedIn } = context;
  const remember = (users: readonly User[]) => {
    signedIn().loader.putUsers(users);
    return users;
  };
  return {
    async listUsers(pageToken = "") {
      const { users, nextPageToken } = await clients.users.listUsers({ pageSize: USERS_PAGE, pageToken });
      return { items: remember(users.map(userOf)), nextPageToken };
    },
    async searchUsers(query, pageToken = "") {
      const { users, nextPageToken } = await clients.users.searchUsers({ query, pageToken });
      return { items: remember(users.map(userOf)), nextPageToken };
    },
    async getUser(userId) {
      const user = userOf(present((await clients.users.getUser({ userId })).user));
      remember([user]);
      return user;
    },
    async updateMe(change) {
      const paths = Object.entries({
        username: change.username,
        bio: change.bio,
        avatar_media_id: change.avatarMediaId,
      })
        .filter(([, value]) => value !== undefined)
        .map(([path]) => path);
      const me = userOf(present((await clients.users.updateMe({ ...change, updateMask: { paths } })).user));
      store.update((state) => ({ ...state, me, users: withEntry(state.users, me.userId, me) }));
      signedIn().postProfile();
      return me;
    },
    uploadAvatar: (picture, onProgress, signal) => uploadAvatar(context, picture, onProgress, signal),
    ...blocking(context),
    async setStatus(text, emoji, expiresAt = null) {
      const status = { text, emoji, ...(expiresAt === null ? {} : { expiresAt: timestampFromMs(expiresAt) }) };
      const presence = presenceOf(present((await clients.presence.setStatus({ status })).presence));
      const update = { presences: [presence], snapshot: false };
      store.update((state) => ({ ...state, presences: mergePresences(state.presences, update) }));
      return presence;
    },
  };
}

function blocking({ clients, store }: ActionContext): Pick<PeopleActions, "block" | "unblock" | "listBlocked"> {
  return {
    async block(userId) {
      await clients.users.blockUser({ userId });
      store.update((state) => ({ ...state, blocked: new Set([...state.blocked, userId]) }));
    },
    async unblock(userId) {
      await clients.users.unblockUser({ userId });
      store.update((state) => ({ ...state, blocked: new Set([...state.blocked].filter((id) => id !== userId)) }));
    },
    async listBlocked() {
      const users: User[] = [];
      let pageToken = "";
      do {
        const page = await clients.users.listBlockedUsers({ pageSize: BLOCKED_PAGE, pageToken });
        users.push(...page.users.map(userOf));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      store.update((state) => ({ ...state, blocked: new Set(users.map((user) => user.userId)) }));
      return users;
    },
  };
}

async function uploadAvatar(
  { clients: { media } }: ActionContext,
  picture: Blob,
  onProgress?: (share: number) => void,
  signal = new AbortController().signal,
): Promise<string> {
  return upload(
    {
      id: newId(),
      chatId: "",
      blob: picture,
      fileName: "avatar",
      createdAt: Date.now(),
      width: 0,
      height: 0,
      uploadId: "",
      mediaId: "",
    },
    {
      media,
      purpose: "avatar",
      onProgress: (sent) => onProgress?.(sent / Math.max(1, picture.size)),
      save: () => Promise.resolve(),
      signal,
    },
  );
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new ChatlyError("INTERNAL", "the response is empty");
  return value;
}
