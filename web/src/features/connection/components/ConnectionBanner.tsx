import { LoaderCircle, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useTexts } from "@/i18n/hooks";
import { useConnection } from "@/lib/hooks";
import styles from "./ConnectionBanner.module.css";

/** Shorter interruptions are not shown. */
const SHOW_AFTER_MS = 2_500;

/** Shows that the connection is lost, after a short delay. */
export function ConnectionBanner() {
  const { t } = useTexts();
  const { phase, since } = useConnection();
  const overdue = useOverdue(since);
  const shown = phase !== "live" && (overdue || phase === "offline");
  return (
    <div className={styles.place} role="status" aria-live="polite" data-phase={phase} data-testid="connection">
      {shown && (
        <p className={styles.banner}>
          {phase === "offline" ? (
            <WifiOff size={16} aria-hidden />
          ) : (
            <LoaderCircle size={16} className={styles.turning} aria-hidden />
          )}
          {t(`connection.${phase}`)}
        </p>
      )}
    </div>
  );
}

function useOverdue(since: number | null): boolean {
  const [overdueSince, setOverdueSince] = useState<number | null>(null);
  useEffect(() => {
    if (since === null) return;
    const timer = setTimeout(() => setOverdueSince(since), Math.max(0, since + SHOW_AFTER_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [since]);
  return since !== null && overdueSince === since;
}
