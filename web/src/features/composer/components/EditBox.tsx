import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useToast } from "@/components/ui/Toasts";
import { useErrorText, useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { Message } from "@/lib/types";
import { charactersOver } from "../hooks/limits";
import { ContextBar } from "./ContextBar";
import { TextBox } from "./TextBox";

/** Edits a sent message. After a failure the text stays in the box, so that the user can retry. */
export function EditBox({ message, onDone }: { readonly message: Message; readonly onDone: () => void }) {
  const { t } = useTexts();
  const { editMessage } = useActions();
  const toast = useToast();
  const errorText = useErrorText();
  const box = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(message.text);
  const [busy, setBusy] = useState(false);
  const canSave = !busy && text.trim() !== "" && charactersOver(text) === 0;

  useEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(message.text.length, message.text.length);
  }, [message.text.length]);

  const save = async (): Promise<void> => {
    if (!canSave) return;
    if (text.trim() === message.text) {
      onDone();
      return;
    }
    setBusy(true);
    try {
      await editMessage(message.chatId, message.messageId, text.trim());
      onDone();
    } catch (failure) {
      toast(errorText(failure));
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onDone();
  };
  return (
    <TextBox
      boxRef={box}
      text={text}
      onText={setText}
      onSubmit={() => void save()}
      canSubmit={canSave}
      submitLabel={t("composer.saveEdit")}
      onKeyDown={onKeyDown}
      above={<ContextBar title={t("composer.editing")} text={message.text} onClose={onDone} />}
    />
  );
}
