import { useTexts } from "@/i18n/hooks";
import styles from "./Spinner.module.css";

export function Spinner() {
  const { t } = useTexts();
  return <span className={styles.spinner} role="status" aria-label={t("common.loading")} />;
}
