import { type SubmitEvent, useState } from "react";
import { PeopleList } from "@/components/people/PeopleList";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { TextField } from "@/components/ui/TextField";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { ChatId, UserId } from "@/lib/types";
import { toggled } from "../hooks/toggled";

interface NewGroupDialogProps {
  readonly onOpen: (chatId: ChatId) => void;
  readonly onClose: () => void;
}

export function NewGroupDialog({ onOpen, onClose }: NewGroupDialogProps) {
  const { t } = useTexts();
  const { createGroup } = useActions();
  const task = useTask();
  const [title, setTitle] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<UserId>>(new Set());

  const create = (event: SubmitEvent): void => {
    event.preventDefault();
    void task.run(async () => {
      const chat = await createGroup({ title: title.trim(), memberIds: [...chosen] });
      onOpen(chat.chatId);
    });
  };
  return (
    <Dialog
      title={t("chats.newGroup")}
      onClose={onClose}
      footer={
        <Button type="submit" form="new-group" look="primary" busy={task.busy} disabled={title.trim() === ""}>
          {t("groups.create")}
        </Button>
      }
    >
      <form id="new-group" className={panel.form} onSubmit={create}>
        <FormError text={task.text} />
        <TextField
          label={t("groups.name")}
          value={title}
          maxLength={100}
          error={task.fields.title}
          autoFocus
          onChange={(event) => setTitle(event.target.value)}
        />
        <p className={panel.title} aria-live="polite">
          {t("people.picked", { count: chosen.size })}
        </p>
      </form>
      <PeopleList focused={false} chosen={chosen} onSelect={(userId) => setChosen(toggled(chosen, userId))} />
    </Dialog>
  );
}
