import { Download } from "lucide-react";
import { Button } from "@/components/ui/Button";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";

/** Downloads everything that Chatly stores about the user, as a ZIP archive. */
export function ExportData() {
  const { t } = useTexts();
  const { listSessions } = useActions();
  const task = useTask();
  const download = async (): Promise<void> => {
    // The download sends the cookies. A call before it renews an expired access token.
    if (!(await task.run(listSessions))) return;
    const link = document.createElement("a");
    link.href = "/api/export";
    link.download = "";
    link.click();
  };
  return (
    <section className={panel.section}>
      <h3 className={panel.title}>{t("settings.yourData")}</h3>
      <p className={panel.soft}>{t("settings.exportText")}</p>
      <FormError text={task.text} />
      <div className={panel.actions}>
        <Button busy={task.busy} onClick={() => void download()}>
          <Download size={18} aria-hidden />
          {t("settings.exportData")}
        </Button>
      </div>
    </section>
  );
}
