import { SendHorizontal, Smile } from "lucide-react";
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useLayoutEffect,
  useState,
} from "react";
import { EmojiPopover } from "@/components/emoji/EmojiPopover";
import { IconButton } from "@/components/ui/Button";
import { useTexts } from "@/i18n/hooks";
import { charactersOver } from "../hooks/limits";
import styles from "./TextBox.module.css";

const TALLEST = 220;

interface TextBoxProps {
  readonly boxRef: RefObject<HTMLTextAreaElement | null>;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onSubmit: () => void;
  readonly canSubmit: boolean;
  readonly submitLabel: string;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  /** Called with pasted files. */
  readonly onFiles?: (files: Iterable<File>) => void;
  readonly above: ReactNode;
  readonly before?: ReactNode;
}

/** A multi-line text box with an emoji picker: Enter submits, Shift+Enter starts a new line. */
export function TextBox({
  boxRef,
  text,
  onText,
  onSubmit,
  canSubmit,
  submitLabel,
  onKeyDown,
  onFiles,
  above,
  before,
}: TextBoxProps) {
  const { t } = useTexts();
  useHeight(boxRef, text);

  const onKey = (event: KeyboardEvent): void => {
    onKeyDown(event);
    // While an input method composes, Enter accepts its suggestion.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onSubmit();
  };
  const onPaste = (event: ClipboardEvent): void => {
    if (!onFiles || event.clipboardData.files.length === 0) return;
    event.preventDefault();
    onFiles(event.clipboardData.files);
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {above}
      <div className={styles.line}>
        {before}
        <textarea
          ref={boxRef}
          className={styles.text}
          rows={1}
          dir="auto"
          data-testid="composer"
          aria-label={t("composer.placeholder")}
          placeholder={t("composer.placeholder")}
          value={text}
          onChange={(event) => onText(event.target.value)}
          onKeyDown={onKey}
          onPaste={onPaste}
        />
        <EmojiButton boxRef={boxRef} text={text} onText={onText} />
        <IconButton type="submit" look="primary" label={submitLabel} disabled={!canSubmit}>
          <SendHorizontal size={18} className={styles.send} />
        </IconButton>
      </div>
      <CharacterLimit text={text} />
    </form>
  );
}

function CharacterLimit({ text }: { readonly text: string }) {
  const { t } = useTexts();
  const over = charactersOver(text);
  if (over === 0) return null;
  return (
    <p className={styles.over} role="alert">
      {t("composer.tooLong", { count: over })}
    </p>
  );
}

function EmojiButton({ boxRef, text, onText }: Pick<TextBoxProps, "boxRef" | "text" | "onText">) {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  const insert = (emoji: string): void => {
    const box = boxRef.current;
    const start = box?.selectionStart ?? text.length;
    const end = box?.selectionEnd ?? text.length;
    onText(text.slice(0, start) + emoji + text.slice(end));
    requestAnimationFrame(() => box?.setSelectionRange(start + emoji.length, start + emoji.length));
  };
  return (
    <EmojiPopover
      open={open}
      onOpenChange={setOpen}
      onPick={insert}
      returnFocus={() => boxRef.current?.focus()}
      anchor={{
        trigger: (
          <IconButton label={t("composer.emoji")}>
            <Smile size={20} />
          </IconButton>
        ),
      }}
    />
  );
}

/** Make the box as high as its text, up to a limit. */
function useHeight(boxRef: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const box = boxRef.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${Math.min(TALLEST, box.scrollHeight)}px`;
  }, [boxRef, text]);
}
