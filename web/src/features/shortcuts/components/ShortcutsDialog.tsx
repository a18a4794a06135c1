import { Dialog } from "@/components/ui/Dialog";
import { useTexts } from "@/i18n/hooks";
import styles from "./ShortcutsDialog.module.css";

const SHORTCUTS = [
  { key: "search", keys: ["Ctrl", "K"] },
  { key: "find", keys: ["Ctrl", "Shift", "F"] },
  { key: "newChat", keys: ["Alt", "N"] },
  { key: "nextChat", keys: ["Alt", "↓"] },
  { key: "previousChat", keys: ["Alt", "↑"] },
  { key: "composer", keys: ["Alt", "C"] },
  { key: "send", keys: ["Enter"] },
  { key: "newline", keys: ["Shift", "Enter"] },
  { key: "editLast", keys: ["↑"] },
  { key: "messages", keys: ["↑", "↓", "Home", "End"] },
  { key: "actions", keys: ["Enter"] },
  { key: "markRead", keys: ["Shift", "Esc"] },
  { key: "close", keys: ["Esc"] },
  { key: "help", keys: ["?"] },
] as const;

export default function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTexts();
  return (
    <Dialog title={t("shortcuts.title")} onClose={onClose}>
      <dl className={styles.list}>
        {SHORTCUTS.map(({ key, keys }) => (
          <div key={key} className={styles.row}>
            <dt>{t(`shortcuts.${key}`)}</dt>
            <dd dir="ltr">
              {keys.map((name) => (
                <kbd key={name} className={styles.key}>
                  {name}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p className={styles.note}>{t("shortcuts.bold")}</p>
    </Dialog>
  );
}
