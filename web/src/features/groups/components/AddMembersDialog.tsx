import { useState } from "react";
import { PeopleList } from "@/components/people/PeopleList";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { FormError } from "@/components/ui/FormError";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { Chat, UserId } from "@/lib/types";
import { toggled } from "../hooks/toggled";

export function AddMembersDialog({ chat, onClose }: { readonly chat: Chat; readonly onClose: () => void }) {
  const { t } = useTexts();
  const { addMembers } = useActions();
  const task = useTask();
  const [chosen, setChosen] = useState<ReadonlySet<UserId>>(new Set());
  const add = async (): Promise<void> => {
    if (await task.run(() => addMembers(chat.chatId, [...chosen]))) onClose();
  };
  return (
    <Dialog
      title={t("groups.add")}
      onClose={onClose}
      footer={
        <Button look="primary" busy={task.busy} disabled={chosen.size === 0} onClick={() => void add()}>
          {t("groups.add")}
        </Button>
      }
    >
      <FormError text={task.text} />
      <PeopleList
        chosen={chosen}
        without={new Set(chat.members.map((member) => member.userId))}
        onSelect={(userId) => setChosen(toggled(chosen, userId))}
      />
    </Dialog>
  );
}
