import { useTranslation } from "react-i18next";
import styles from "./Spinner.module.css";

export function Spinner() {
  const { t } = useTranslation();
  return <span className={styles.spinner} role="status" aria-label={t("common.loading")} />;
}
