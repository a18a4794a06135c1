import { Paperclip } from "lucide-react";
import { type ChangeEvent, type KeyboardEvent, useEffect, useRef } from "react";
import { useUserName } from "@/components/people/names";
import { IconButton } from "@/components/ui/Button";
import { useTexts } from "@/i18n/hooks";
import { useActions, useUploads } from "@/lib/hooks";
import type { Message } from "@/lib/types";
import { useAttach } from "../hooks/use-attach";
import { useDraft } from "../hooks/use-draft";
import { charactersOver } from "../hooks/limits";
import type { ComposerProps } from "../types";
import { ContextBar } from "./ContextBar";
import { TextBox } from "./TextBox";
import { UploadList } from "./UploadList";

/** The composer of a new message: text, files, and the message to reply to. */
export function NewMessageBox({ chatId, me, replyTo, onDone, onEditLast }: Omit<ComposerProps, "editing">) {
  const { t } = useTexts();
  const actions = useActions();
  const uploads = useUploads(chatId);
  const attach = useAttach(chatId);
  const box = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useDraft(me, chatId);

  useEffect(() => {
    // On touch screens the focus opens the on-screen keyboard, so wait until the user taps the box.
    if (replyTo || matchMedia("(pointer: fine)").matches) box.current?.focus();
  }, [replyTo]);

  const failed = uploads.some((upload) => upload.state === "failed");
  const canSend = !failed && charactersOver(text) === 0 && (text.trim() !== "" || uploads.length > 0);

  const change = (next: string): void => {
    setText(next);
    actions.setTyping(chatId, next.trim() !== "");
  };
  const send = (): void => {
    if (!canSend) return;
    actions.sendMessage(chatId, {
      text: text.trim(),
      replyToMessageId: replyTo?.messageId ?? null,
      uploadIds: uploads.map((upload) => upload.id),
    });
    setText("");
    actions.setTyping(chatId, false);
    if (replyTo) onDone();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && replyTo) {
      event.stopPropagation();
      onDone();
    }
    if (event.key === "ArrowUp" && text === "") {
      event.preventDefault();
      onEditLast();
    }
  };
  return (
    <TextBox
      boxRef={box}
      text={text}
      onText={change}
      onSubmit={send}
      canSubmit={canSend}
      submitLabel={t("composer.send")}
      onFiles={attach}
      onKeyDown={onKeyDown}
      above={
        <>
          {replyTo && <ReplyBar message={replyTo} onClose={onDone} />}
          <UploadList uploads={uploads} />
        </>
      }
      before={<AttachButton onFiles={attach} />}
    />
  );
}

function ReplyBar({ message, onClose }: { readonly message: Message; readonly onClose: () => void }) {
  const { t } = useTexts();
  const name = useUserName(message.senderId);
  const text = message.text || (message.attachments[0]?.fileName ?? "");
  return <ContextBar title={t("composer.replyTo", { name })} text={text} onClose={onClose} />;
}

function AttachButton({ onFiles }: { readonly onFiles: (files: Iterable<File>) => void }) {
  const { t } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const onChange = (event: ChangeEvent<HTMLInputElement>): void => {
    onFiles(event.target.files ?? []);
    event.target.value = "";
  };
  return (
    <>
      <IconButton label={t("composer.attach")} onClick={() => input.current?.click()}>
        <Paperclip size={20} />
      </IconButton>
      <input ref={input} type="file" multiple hidden onChange={onChange} aria-label={t("composer.attach")} />
    </>
  );
}
