import { memo } from "react";
import type { ComposerProps } from "../types";
import { EditBox } from "./EditBox";
import { NewMessageBox } from "./NewMessageBox";

/** The message box, for a new message or an edit. Mount one per chat (`key`). */
export const Composer = memo(function Composer({ chatId, me, replyTo, editing, onDone, onEditLast }: ComposerProps) {
  if (editing) return <EditBox key={editing.key} message={editing} onDone={onDone} />;
  return <NewMessageBox chatId={chatId} me={me} replyTo={replyTo} onDone={onDone} onEditLast={onEditLast} />;
});
