import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTexts } from "@/i18n/hooks";
import { IconButton } from "./Button";
import styles from "./panel.module.css";

/** The pane beside a conversation. */
export function SidePanel({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { t } = useTexts();
  return (
    <aside className={styles.panel} aria-label={title}>
      <header className={styles.header}>
        <h2 className={styles.heading}>{title}</h2>
        <IconButton label={t("common.close")} onClick={onClose}>
          <X size={20} />
        </IconButton>
      </header>
      <div className={styles.body}>{children}</div>
    </aside>
  );
}
