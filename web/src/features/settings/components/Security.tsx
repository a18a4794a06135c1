import { LogOut } from "lucide-react";
import { type SubmitEvent, useState } from "react";
import { Button } from "@/components/ui/Button";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { TextField } from "@/components/ui/TextField";
import { useToast } from "@/components/ui/Toasts";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import { DeleteAccount } from "./DeleteAccount";
import { ExportData } from "./ExportData";
import { Sessions } from "./Sessions";

/** The list of sessions loads late. It comes last so that it moves no button. */
export function Security() {
  const { t } = useTexts();
  const { logout } = useActions();
  const task = useTask();
  return (
    <div className={panel.form}>
      <PasswordForm />
      <FormError text={task.text} />
      <div className={panel.actions}>
        <Button busy={task.busy} onClick={() => void task.run(logout)}>
          <LogOut size={18} aria-hidden />
          {t("settings.logout")}
        </Button>
      </div>
      <ExportData />
      <DeleteAccount />
      <Sessions />
    </div>
  );
}

function PasswordForm() {
  const { t } = useTexts();
  const { changePassword } = useActions();
  const task = useTask();
  const toast = useToast();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const isWrong = task.reason === "WRONG_CREDENTIALS";
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!(await task.run(() => changePassword(current, next)))) return;
    setCurrent("");
    setNext("");
    toast(t("settings.passwordChanged"));
  };
  return (
    <form className={panel.form} onSubmit={(event) => void save(event)}>
      <FormError text={isWrong ? null : task.text} />
      <TextField
        label={t("settings.currentPassword")}
        type="password"
        autoComplete="current-password"
        value={current}
        error={isWrong ? t("settings.wrongPassword") : task.fields.current_password}
        onChange={(event) => setCurrent(event.target.value)}
      />
      <TextField
        label={t("settings.newPassword")}
        hint={t("auth.passwordHint")}
        type="password"
        autoComplete="new-password"
        value={next}
        error={task.fields.new_password ?? task.fields.password}
        onChange={(event) => setNext(event.target.value)}
      />
      <div className={panel.actions}>
        <Button type="submit" look="primary" busy={task.busy} disabled={current === "" || next === ""}>
          {t("settings.changePassword")}
        </Button>
      </div>
    </form>
  );
}
