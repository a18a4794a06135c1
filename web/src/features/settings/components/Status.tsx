import type { TFunction } from "i18next";
import { Smile } from "lucide-react";
import { type SubmitEvent, useState } from "react";
import { EmojiPopover } from "@/components/emoji/EmojiPopover";
import { Button, IconButton } from "@/components/ui/Button";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { SelectField, TextField } from "@/components/ui/TextField";
import { useToast } from "@/components/ui/Toasts";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions, usePresence, useSession } from "@/lib/hooks";
import { type Duration, DURATIONS, expiryOf } from "../hooks/duration";

/** The user's status text, which others see beside the presence. */
export function Status() {
  const { t } = useTexts();
  const session = useSession();
  const current = usePresence(session.phase === "signed-in" ? session.userId : null)?.status;
  const { setStatus } = useActions();
  const task = useTask();
  const toast = useToast();
  const [text, setText] = useState(current?.text ?? "");
  const [emoji, setEmoji] = useState(current?.emoji ?? "");
  const [duration, setDuration] = useState<Duration>("never");
  const [picking, setPicking] = useState(false);

  const save = async (newText: string, newEmoji: string): Promise<void> => {
    const done = await task.run(() =>
      setStatus(newText, newEmoji, newText || newEmoji ? expiryOf(duration, Date.now()) : null),
    );
    if (done) toast(t("common.done"));
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void save(text.trim(), emoji);
  };
  const clear = (): void => {
    setText("");
    setEmoji("");
    void save("", "");
  };
  return (
    <form className={panel.form} onSubmit={submit}>
      <FormError text={task.text} />
      <div className={panel.actions}>
        <EmojiPopover
          open={picking}
          onOpenChange={setPicking}
          onPick={setEmoji}
          anchor={{ trigger: <IconButton label={t("composer.emoji")}>{emoji || <Smile size={20} />}</IconButton> }}
        />
      </div>
      <TextField
        label={t("settings.statusText")}
        value={text}
        maxLength={100}
        onChange={(event) => setText(event.target.value)}
      />
      <SelectField
        label={t("settings.clearAfter")}
        value={duration}
        onChange={(event) => setDuration(event.target.value as Duration)}
      >
        {DURATIONS.map((choice) => (
          <option key={choice} value={choice}>
            {durationText(choice, t)}
          </option>
        ))}
      </SelectField>
      <div className={panel.actions}>
        <Button type="submit" look="primary" busy={task.busy}>
          {t("common.save")}
        </Button>
        <Button busy={task.busy} onClick={clear}>
          {t("settings.clear")}
        </Button>
      </div>
    </form>
  );
}

function durationText(duration: Duration, t: TFunction): string {
  if (duration === "never") return t("settings.never");
  if (duration === "today") return t("settings.today");
  return t("settings.hours", { count: duration === "1h" ? 1 : 4 });
}
