import { type SubmitEvent, useState } from "react";
import { Button } from "@/components/ui/Button";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { TextArea, TextField } from "@/components/ui/TextField";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { Chat } from "@/lib/types";

/** The form for a group's name and description. */
export function GroupForm({ chat }: { readonly chat: Chat }) {
  const { t } = useTexts();
  const { updateGroup } = useActions();
  const task = useTask();
  const [title, setTitle] = useState(chat.title);
  const [description, setDescription] = useState(chat.description);
  const isSame = title.trim() === chat.title && description.trim() === chat.description;
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    void task.run(() => updateGroup(chat.chatId, { title: title.trim(), description: description.trim() }));
  };
  return (
    <form className={panel.form} onSubmit={save}>
      <FormError text={task.text} />
      <TextField
        label={t("groups.name")}
        value={title}
        maxLength={100}
        error={task.fields.title}
        onChange={(event) => setTitle(event.target.value)}
      />
      <TextArea
        label={t("groups.description")}
        value={description}
        maxLength={500}
        rows={2}
        error={task.fields.description}
        onChange={(event) => setDescription(event.target.value)}
      />
      {!isSame && (
        <Button type="submit" look="primary" busy={task.busy} disabled={title.trim() === ""}>
          {t("common.save")}
        </Button>
      )}
    </form>
  );
}
