import { Paperclip } from "lucide-react";
import { type DragEvent, type ReactNode, useState } from "react";
import { useTexts } from "@/i18n/hooks";
import type { ChatId } from "@/lib/types";
import { useAttach } from "../hooks/use-attach";
import styles from "./DropZone.module.css";

/** An area that attaches dropped files to the chat's composer. */
export function DropZone({ chatId, children }: { readonly chatId: ChatId; readonly children: ReactNode }) {
  const { t } = useTexts();
  const attach = useAttach(chatId);
  const [over, setOver] = useState(false);
  const onDragOver = (event: DragEvent): void => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  const onDragLeave = (event: DragEvent): void => {
    const inside = event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget);
    if (!inside) setOver(false);
  };
  const onDrop = (event: DragEvent): void => {
    setOver(false);
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    attach(event.dataTransfer.files);
  };
  return (
    <div
      className={styles.zone}
      data-testid="drop-zone"
      onDragOver={onDragOver}
      onDragLeave={onDragLeave}
      onDrop={onDrop}
    >
      {children}
      {over && (
        <p className={styles.over}>
          <Paperclip aria-hidden />
          {t("composer.drop")}
        </p>
      )}
    </div>
  );
}
