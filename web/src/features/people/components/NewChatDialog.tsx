import { Dialog } from "@/components/ui/Dialog";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { ChatId } from "@/lib/types";
import { PeopleList } from "@/components/people/PeopleList";

interface NewChatDialogProps {
  readonly onOpen: (chatId: ChatId) => void;
  readonly onClose: () => void;
}

export function NewChatDialog({ onOpen, onClose }: NewChatDialogProps) {
  const { t } = useTexts();
  const { directChatId } = useActions();
  return (
    <Dialog title={t("people.title")} onClose={onClose}>
      <PeopleList onSelect={(userId) => onOpen(directChatId(userId))} />
    </Dialog>
  );
}
