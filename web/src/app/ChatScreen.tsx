import { useCallback, useState } from "react";
import { useChatName } from "@/components/people/names";
import { Composer } from "@/features/composer/components/Composer";
import { DropZone } from "@/features/composer/components/DropZone";
import { Conversation } from "@/features/conversation/components/Conversation";
import { ConversationHeader } from "@/features/conversation/components/ConversationHeader";
import { useChat, useGetMessages } from "@/lib/hooks";
import { peerOf } from "@/lib/ids";
import type { ChatId, Message, MessageId, UserId } from "@/lib/types";

interface ChatScreenProps {
  readonly chatId: ChatId;
  readonly me: UserId;
  readonly onBack: () => void;
  readonly onDetails: () => void;
  readonly onSearch: () => void;
  /** A message to scroll to. */
  readonly target: { readonly messageId: MessageId } | null;
}

type Reference = { readonly kind: "reply" | "edit"; readonly message: Message } | null;

/** One chat: header, messages and composer. Messages and composer share the message to reply to or to edit. */
export default function ChatScreen({ chatId, me, onBack, onDetails, onSearch, target }: ChatScreenProps) {
  const chat = useChat(chatId);
  const peerId = chat?.peerId ?? peerOf(chatId, me);
  const name = useChatName(chat, peerId);
  const getMessages = useGetMessages(chatId);
  const [reference, setReference] = useState<Reference>(null);
  const reply = useCallback((message: Message) => setReference({ kind: "reply", message }), []);
  const edit = useCallback((message: Message) => setReference({ kind: "edit", message }), []);
  const done = useCallback(() => setReference(null), []);
  const editLast = useCallback((): void => {
    const own = getMessages().findLast(
      (message) =>
        message.senderId === me && message.state === "sent" && !message.deletedForEveryone && message.text !== "",
    );
    if (own) edit(own);
  }, [getMessages, me, edit]);
  return (
    <DropZone chatId={chatId}>
      <ConversationHeader chatId={chatId} peerId={peerId} onBack={onBack} onDetails={onDetails} onSearch={onSearch} />
      <Conversation
        chatId={chatId}
        me={me}
        name={name}
        isGroup={chat?.kind === "group"}
        target={target}
        onReply={reply}
        onEdit={edit}
      />
      <Composer
        chatId={chatId}
        me={me}
        replyTo={reference?.kind === "reply" ? reference.message : null}
        editing={reference?.kind === "edit" ? reference.message : null}
        onDone={done}
        onEditLast={editLast}
      />
    </DropZone>
  );
}
