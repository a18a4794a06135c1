import { RefreshCw } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/Button";
import { useTexts } from "@/i18n/hooks";
import { installWorker, type Update } from "../hooks/install-worker";
import styles from "./UpdateBanner.module.css";

/** Offers to reload the page when a newer version of the client is ready. */
export function UpdateBanner() {
  const { t } = useTexts();
  const [update, setUpdate] = useState<Update | null>(null);
  useEffect(() => installWorker((ready) => setUpdate(() => ready)), []);
  if (update === null) return null;
  return (
    <div className={styles.banner} role="status">
      <RefreshCw size={18} aria-hidden />
      <span>{t("update.ready")}</span>
      <Button look="primary" onClick={update}>
        {t("update.reload")}
      </Button>
    </div>
  );
}
