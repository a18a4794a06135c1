import { AlertDialog } from "radix-ui";
import { useTexts } from "@/i18n/hooks";
import { Button } from "./Button";
import { classNames } from "./class-names";
import styles from "./Dialog.module.css";
import { useReturnFocus } from "./return-focus";

interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  /** Moves the focus when the dialog closes; the default is the element that opened it. */
  readonly returnFocus?: () => void;
}

/** Asks for confirmation of an action that cannot be undone. Open while it is mounted. */
export function Confirm({ title, text, action, onConfirm, onClose, returnFocus }: ConfirmProps) {
  const { t } = useTexts();
  const onCloseAutoFocus = useReturnFocus(returnFocus);
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <div className={styles.backdrop} />
        <AlertDialog.Content className={classNames(styles.dialog, styles.small)} onCloseAutoFocus={onCloseAutoFocus}>
          <header className={styles.header}>
            <AlertDialog.Title className={styles.title}>{title}</AlertDialog.Title>
          </header>
          <AlertDialog.Description className={styles.body}>{text}</AlertDialog.Description>
          <footer className={styles.footer}>
            <AlertDialog.Cancel asChild>
              <Button>{t("common.cancel")}</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button look="danger" onClick={onConfirm}>
                {action}
              </Button>
            </AlertDialog.Action>
          </footer>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
