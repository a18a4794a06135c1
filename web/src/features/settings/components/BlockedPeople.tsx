import { PersonRow } from "@/components/people/PersonRow";
import { Button } from "@/components/ui/Button";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { Spinner } from "@/components/ui/Spinner";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import { useQuery } from "../hooks/use-query";

export function BlockedPeople() {
  const { t } = useTexts();
  const { listBlocked, unblock } = useActions();
  const { data, failure, reload } = useQuery(listBlocked);
  const task = useTask();
  return (
    <div className={panel.form}>
      <FormError text={failure ?? task.text} />
      {!data && !failure && <Spinner />}
      {data?.length === 0 && <p className={panel.soft}>{t("settings.noneBlocked")}</p>}
      <ul>
        {data?.map(({ userId }) => (
          <PersonRow key={userId} userId={userId}>
            <Button busy={task.busy} onClick={() => void task.run(() => unblock(userId)).then(reload)}>
              {t("profile.unblock")}
            </Button>
          </PersonRow>
        ))}
      </ul>
    </div>
  );
}
