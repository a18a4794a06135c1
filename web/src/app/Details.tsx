import { useState } from "react";
import { GroupPanel } from "@/features/groups/components/GroupPanel";
import { PersonPanel } from "@/features/profile/components/PersonPanel";
import { useActions, useChat } from "@/lib/hooks";
import { peerOf } from "@/lib/ids";
import type { ChatId, UserId } from "@/lib/types";

interface DetailsProps {
  readonly chatId: ChatId;
  readonly me: UserId;
  readonly onOpenChat: (chatId: ChatId) => void;
  readonly onGone: () => void;
  readonly onClose: () => void;
}

/** The panel beside the open chat: the other user's profile, or the group and its members' profiles. */
export default function Details({ chatId, me, onOpenChat, onGone, onClose }: DetailsProps) {
  const { directChatId } = useActions();
  const chat = useChat(chatId);
  const [person, setPerson] = useState<UserId | null>(null);
  const peerId = peerOf(chatId, me);
  if (peerId !== null) return <PersonPanel userId={peerId} onClose={onClose} />;
  if (person !== null)
    return (
      <PersonPanel userId={person} onMessage={() => onOpenChat(directChatId(person))} onClose={() => setPerson(null)} />
    );
  if (chat === null) return null;
  return <GroupPanel chat={chat} me={me} onPerson={setPerson} onLeft={onGone} onClose={onClose} />;
}
