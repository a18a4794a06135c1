import { DeleteScope } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import { isNewer } from "@/lib/ids";
import type { ChangeBody } from "@/lib/live/changes";
import { messageOf } from "@/lib/rpc/mapping";
import { findMessage } from "@/lib/state/selectors";
import type { ChatId, MessageId, UserId } from "@/lib/types";
import type { ActionContext } from "./context";
import type { MessageActions } from "./types";

/** How often "typing" is sent again. The receivers show it for a little longer. */
const TYPING_REPEAT_MS = 3_000;

export function messageActions(context: ActionContext): MessageActions {
  const { clients, store, signedIn } = context;
  /** Show an action of this tab as the stream will deliver it. */
  const show = (chatId: ChatId, body: ChangeBody) =>
    signedIn().ingest.apply([{ eventId: "", chatId, at: Date.now(), ...body }]);
  const typing = new TypingThrottle(
    (chatId, active) => void clients.messaging.setTyping({ chatId, active }).catch(() => undefined),
  );
  return {
    sendMessage(chatId, draft) {
      typing.sent(chatId);
      const { sendQueue, loader } = signedIn();
      // An own message appears behind the newest one, so go there.
      if (store.get().messages.get(chatId)?.hasNewer) void loader.messages.showNewest(chatId);
      return sendQueue.add(chatId, draft);
    },
    retryMessage: (clientMessageId) => void signedIn().sendQueue.retry(clientMessageId),
    discardMessage: (clientMessageId) => void signedIn().sendQueue.discard(clientMessageId),
    async editMessage(chatId, messageId, text) {
      const { message } = await clients.messaging.editMessage({ chatId, messageId, text });
      // Without an edit the text was the same already.
      const { editedAt, editId } = message ? messageOf(message) : {};
      if (editedAt && editId) show(chatId, { kind: "edited", messageId, text, editedAt, editId });
    },
    async deleteMessage(chatId, messageId, scope) {
      const forEveryone = scope === "everyone";
      await clients.messaging.deleteMessage({
        chatId,
        messageId,
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
      const { me, readMarks } = signedIn();
      const mark = store
        .get()
        .chats.get(chatId)
        ?.members.find((member) => member.userId === me)?.readMessageId;
      if (messageId === "" || !isNewer(messageId, mark ?? null)) return;
      show(chatId, { kind: "read", userId: me, messageId });
      readMarks.mark(chatId, messageId);
    },
    setTyping: (chatId, active) => typing.set(chatId, active),
    async searchMessages({ query, chatId = null, pageToken = "" }, signal) {
      const request = { query, chatId: chatId ?? "", pageToken };
      const { messages, nextPageToken } = await clients.messaging.searchMessages(request, { signal });
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

/** Limits how often "typing" is sent; "stopped typing" is sent only after "typing". */
class TypingThrottle {
  readonly #send: (chatId: ChatId, active: boolean) => void;
  readonly #sentAt = new Map<ChatId, number>();

  constructor(send: (chatId: ChatId, active: boolean) => void) {
    this.#send = send;
  }

  set(chatId: ChatId, active: boolean): void {
    const sentAt = this.#sentAt.get(chatId);
    if (active && sentAt !== undefined && Date.now() - sentAt < TYPING_REPEAT_MS) return;
    if (!active && sentAt === undefined) return;
    if (active) this.#sentAt.set(chatId, Date.now());
    else this.#sentAt.delete(chatId);
    this.#send(chatId, active);
  }

  /** A message was sent: receivers end the typing indicator themselves. */
  sent(chatId: ChatId): void {
    this.#sentAt.delete(chatId);
  }
}
