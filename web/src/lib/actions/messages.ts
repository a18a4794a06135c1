import { DeleteScope } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import { isNewer } from "@/lib/ids";
import type { ChangeBody } from "@/lib/live/changes";
import { messageOf } from "@/lib/rpc/mapping";
import { findMessage } from "@/lib/state/selectors";
import type { ChatId, MessageId, UserId } from "@/lib/types";
import type { MessageActions } from "./types";
import type { ActionContext } from "./context";

/** Typing is told again this often; it is shown for a little longer than that. */
const TYPING_AGAIN_MS = 3_000;

export function messageActions(context: ActionContext): MessageActions {
  const { clients, store, signedIn } = context;
  /** What this tab did is shown as the stream will tell it. */
  const show = (chatId: ChatId, body: ChangeBody) =>
    signedIn().ingest.take([{ eventId: "", chatId, at: Date.now(), ...body }]);
  const typing = new TypingThinner(
    (chatId, active) => void clients.messaging.setTyping({ chatId, active }).catch(() => undefined),
  );
  return {
    sendMessage(chatId, draft) {
      typing.sent(chatId);
      const { queue, loader } = signedIn();
      // What one sends oneself is shown, behind the newest message.
      if (store.get().messages.get(chatId)?.hasNewer) void loader.messages.showNewest(chatId);
      return queue.add(chatId, draft);
    },
    retryMessage: (clientMessageId) => void signedIn().queue.retry(clientMessageId),
    discardMessage: (clientMessageId) => void signedIn().queue.discard(clientMessageId),
    async editMessage(chatId, messageId, text) {
      const { message } = await clients.messaging.editMessage({ chatId, messageId, text });
      if (message)
        show(chatId, { kind: "edited", messageId, text, editedAt: messageOf(message).editedAt ?? Date.now() });
    },
    async deleteMessage(chatId, messageId, scope) {
      const forEveryone = scope === "everyone";
      await clients.messaging.deleteMessage({
        ...{ chatId, messageId },
        scope: forEveryone ? DeleteScope.EVERYONE : DeleteScope.ME,
      });
      show(chatId, { kind: "deleted", messageId, forEveryone, withdrawn: false });
    },
    async toggleReaction(chatId, messageId, emoji) {
      const { me } = signedIn();
      const before = hasReaction(context, chatId, messageId, emoji, me);
      const put = (present: boolean) => show(chatId, { kind: "reaction", messageId, userId: me, emoji, present });
      put(!before);
      try {
        const { present } = await clients.messaging.toggleReaction({ chatId, messageId, emoji });
        if (present === before) put(present);
      } catch (failure) {
        put(before);
        throw failure;
      }
    },
    markRead(chatId, messageId) {
      const { me, reading } = signedIn();
      const mark = store
        .get()
        .chats.get(chatId)
        ?.members.find((member) => member.userId === me)?.readMessageId;
      if (messageId === "" || !isNewer(messageId, mark ?? null)) return;
      show(chatId, { kind: "read", userId: me, messageId });
      reading.mark(chatId, messageId);
    },
    setTyping: (chatId, active) => typing.set(chatId, active),
    async searchMessages({ query, chatId = null, pageToken = "" }, signal) {
      const asked = { query, chatId: chatId ?? "", pageToken };
      const { messages, nextPageToken } = await clients.messaging.searchMessages(asked, { signal });
      return { items: messages.map(messageOf), nextPageToken };
    },
  };
}

function hasReaction(
  { store }: ActionContext,
  chatId: ChatId,
  messageId: MessageId,
  emoji: string,
  me: UserId,
): boolean {
  const message = findMessage(store.get(), chatId, messageId);
  return message?.reactions.some((reaction) => reaction.userId === me && reaction.emoji === emoji) ?? false;
}

/** Tells that one types only now and then, and that one stopped only if it was told before. */
export class TypingThinner {
  readonly #tell: (chatId: ChatId, active: boolean) => void;
  readonly #told = new Map<ChatId, number>();

  constructor(tell: (chatId: ChatId, active: boolean) => void) {
    this.#tell = tell;
  }

  set(chatId: ChatId, active: boolean): void {
    const told = this.#told.get(chatId);
    if (active && told !== undefined && Date.now() - told < TYPING_AGAIN_MS) return;
    if (!active && told === undefined) return;
    if (active) this.#told.set(chatId, Date.now());
    else this.#told.delete(chatId);
    this.#tell(chatId, active);
  }

  /** The message itself says that one stopped. */
  sent(chatId: ChatId): void {
    this.#told.delete(chatId);
  }
}
