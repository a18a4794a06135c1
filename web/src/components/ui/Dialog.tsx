import { X } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import type { ReactNode } from "react";
import { useTexts } from "@/i18n/hooks";
import { IconButton } from "./Button";
import { classNames } from "./class-names";
import styles from "./Dialog.module.css";
import { useReturnFocus } from "./return-focus";

/** Focus the dialog instead of its close button, unless an element has autoFocus. */
function focusDialog(event: Event): void {
  event.preventDefault();
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
}

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
  readonly size?: "small" | "medium" | "large";
}

/**
 * A dialog that is open while it is mounted.
 *
 * It draws its own backdrop: the primitive's backdrop adds a style element at run time, which the
 * Content-Security-Policy blocks.
 */
export function Dialog({ title, onClose, children, footer, size = "medium" }: DialogProps) {
  const { t } = useTexts();
  const returnFocus = useReturnFocus();
  return (
    <Primitive.Root open onOpenChange={(open) => !open && onClose()}>
      <Primitive.Portal>
        <div className={styles.backdrop} />
        <Primitive.Content
          className={classNames(styles.dialog, styles[size])}
          aria-describedby={undefined}
          onOpenAutoFocus={focusDialog}
          onCloseAutoFocus={returnFocus}
        >
          <header className={styles.header}>
            <Primitive.Title className={styles.title}>{title}</Primitive.Title>
            <IconButton label={t("common.close")} onClick={onClose}>
              <X size={20} />
            </IconButton>
          </header>
          <div className={styles.body}>{children}</div>
          {footer && <footer className={styles.footer}>{footer}</footer>}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
