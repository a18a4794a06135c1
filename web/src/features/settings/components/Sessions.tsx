import { Button } from "@/components/ui/Button";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { Spinner } from "@/components/ui/Spinner";
import { useTask } from "@/components/ui/use-task";
import { formatAgo } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { LoginSession } from "@/lib/types";
import { useQuery } from "../hooks/use-query";
import styles from "./Sessions.module.css";

/** The user's sessions on all devices, with buttons to log out. */
export function Sessions() {
  const { t } = useTexts();
  const { listSessions, revokeSession } = useActions();
  const { data, failure, reload } = useQuery(listSessions);
  const task = useTask();
  const revoke = async (sessionId: string): Promise<void> => {
    if (await task.run(() => revokeSession(sessionId))) reload();
  };
  return (
    <section className={panel.section}>
      <h3 className={panel.title}>{t("settings.sessions")}</h3>
      <FormError text={failure ?? task.text} />
      {!data && !failure && <Spinner />}
      <ul className={styles.list}>
        {data?.map((session) => (
          <li key={session.sessionId} className={styles.session}>
            <SessionText session={session} />
            {!session.current && (
              <Button busy={task.busy} onClick={() => void revoke(session.sessionId)}>
                {t("settings.revoke")}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function SessionText({ session }: { readonly session: LoginSession }) {
  const { t, i18n } = useTexts();
  const used = t("settings.lastUsed", { when: formatAgo(session.lastUsedAt, i18n.language) });
  return (
    <p className={styles.text}>
      <b>
        <bdi>{session.deviceName || t("settings.unknownDevice")}</bdi>
      </b>
      <span className={panel.soft}>
        {session.current ? t("settings.thisDevice") : used} · <bdi>{session.ipAddress}</bdi>
      </span>
    </p>
  );
}
