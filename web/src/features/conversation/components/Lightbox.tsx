import { ChevronLeft, ChevronRight, Download, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { type KeyboardEvent, useState } from "react";
import { useTexts } from "@/i18n/hooks";
import type { LightboxPictures } from "../types";
import styles from "./Lightbox.module.css";

/** Shows a message's pictures in full size, one at a time. */
export default function Lightbox({
  shown,
  onClose,
}: {
  readonly shown: LightboxPictures;
  readonly onClose: () => void;
}) {
  const { t } = useTexts();
  const [index, setIndex] = useState(shown.index);
  const picture = shown.pictures[index];
  if (!picture) return null;
  const go = (step: number): void => setIndex((at) => Math.min(shown.pictures.length - 1, Math.max(0, at + step)));
  const onKeyDown = (event: KeyboardEvent): void => {
    const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key.startsWith("ArrowL") || event.key.startsWith("ArrowR")) go(event.key === forward ? 1 : -1);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Content className={styles.lightbox} aria-describedby={undefined} onKeyDown={onKeyDown}>
          <header className={styles.header}>
            <Dialog.Title className={styles.name}>
              <bdi>{picture.fileName}</bdi>
            </Dialog.Title>
            <a
              href={picture.url}
              download={picture.fileName}
              title={t("conversation.download")}
              aria-label={t("conversation.download")}
            >
              <Download size={20} />
            </a>
            <Dialog.Close title={t("common.close")} aria-label={t("common.close")}>
              <X size={22} />
            </Dialog.Close>
          </header>
          <div className={styles.stage} onClick={onClose}>
            <img
              src={picture.url}
              alt={picture.fileName}
              width={picture.width}
              height={picture.height}
              onClick={(event) => event.stopPropagation()}
            />
          </div>
          {shown.pictures.length > 1 && (
            <footer className={styles.footer} dir="ltr">
              <button type="button" aria-label="←" disabled={index === 0} onClick={() => go(-1)}>
                <ChevronLeft />
              </button>
              {index + 1} / {shown.pictures.length}
              <button type="button" aria-label="→" disabled={index === shown.pictures.length - 1} onClick={() => go(1)}>
                <ChevronRight />
              </button>
            </footer>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
