import { Trash2 } from "lucide-react";
import { type SubmitEvent, useId, useState } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { TextField } from "@/components/ui/TextField";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";

/** Deletes the account, after a warning, the choice about the user's messages, and the user's password. */
export function DeleteAccount() {
  const { t } = useTexts();
  const [asking, setAsking] = useState(false);
  return (
    <section className={panel.section}>
      <h3 className={panel.title}>{t("settings.account")}</h3>
      <div className={panel.actions}>
        <Button look="danger" onClick={() => setAsking(true)}>
          <Trash2 size={18} aria-hidden />
          {t("settings.deleteAccount")}
        </Button>
      </div>
      {asking && <DeleteDialog onClose={() => setAsking(false)} />}
    </section>
  );
}

function DeleteDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTexts();
  const { deleteAccount } = useActions();
  const task = useTask();
  const [password, setPassword] = useState("");
  const [deleteMessages, setDeleteMessages] = useState(false);
  const isWrong = task.reason === "WRONG_CREDENTIALS";
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    // On success the page shows the login form, and this dialog unmounts.
    void task.run(() => deleteAccount(password, deleteMessages));
  };
  return (
    <Dialog title={t("settings.deleteTitle")} size="small" onClose={onClose}>
      <form className={panel.form} onSubmit={submit}>
        <p className={panel.text}>{t("settings.deleteWarning")}</p>
        <MessagesChoice deleteMessages={deleteMessages} onChange={setDeleteMessages} />
        <TextField
          label={t("settings.deleteConfirm")}
          type="password"
          autoComplete="current-password"
          autoFocus
          value={password}
          error={isWrong ? t("settings.wrongPassword") : task.fields.password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <FormError text={isWrong ? null : task.text} />
        <div className={panel.actions}>
          <Button type="submit" look="danger" busy={task.busy} disabled={password === ""}>
            {t("settings.deleteForGood")}
          </Button>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

interface MessagesChoiceProps {
  readonly deleteMessages: boolean;
  readonly onChange: (deleteMessages: boolean) => void;
}

function MessagesChoice({ deleteMessages, onChange }: MessagesChoiceProps) {
  const { t } = useTexts();
  const id = useId();
  return (
    <section className={panel.section} role="radiogroup" aria-labelledby={id}>
      <h3 className={panel.title} id={id}>
        {t("settings.sentMessages")}
      </h3>
      {[false, true].map((value) => (
        <label key={String(value)} className={panel.check}>
          <input
            type="radio"
            name={`${id}-choice`}
            checked={deleteMessages === value}
            onChange={() => onChange(value)}
          />
          {t(value ? "settings.deleteMessages" : "settings.keepMessages")}
        </label>
      ))}
    </section>
  );
}
