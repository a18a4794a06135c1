import { X } from "lucide-react";
import { IconButton } from "@/components/ui/Button";
import { useTexts } from "@/i18n/hooks";
import styles from "./ContextBar.module.css";

interface ContextBarProps {
  readonly title: string;
  readonly text: string;
  readonly onClose: () => void;
}

/** The message to reply to or to edit, above the text box. */
export function ContextBar({ title, text, onClose }: ContextBarProps) {
  const { t } = useTexts();
  return (
    <div className={styles.bar}>
      <p className={styles.text}>
        <b className={styles.title}>{title}</b>
        <bdi className={styles.quote}>{text}</bdi>
      </p>
      <IconButton label={t("common.cancel")} onClick={onClose}>
        <X size={18} />
      </IconButton>
    </div>
  );
}
