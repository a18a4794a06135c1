import { useState } from "react";
import panel from "@/components/ui/panel.module.css";
import { SelectField } from "@/components/ui/TextField";
import { chooseLanguage, type Language, LANGUAGES } from "@/i18n";
import { notificationChoice, chooseNotifications } from "@/components/notifications/notification-choice";
import { useTexts } from "@/i18n/hooks";
import { type Theme, THEMES, useTheme } from "../hooks/theme";

export function Appearance() {
  const { t, i18n } = useTexts();
  const [theme, setTheme] = useTheme();
  return (
    <div className={panel.form}>
      <SelectField
        label={t("settings.theme")}
        value={theme}
        onChange={(event) => setTheme(event.target.value as Theme)}
      >
        {THEMES.map((choice) => (
          <option key={choice} value={choice}>
            {t(`settings.${choice}`)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t("settings.language")}
        value={i18n.language}
        onChange={(event) => void chooseLanguage(event.target.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </SelectField>
      <Notifications />
    </div>
  );
}

function Notifications() {
  const { t } = useTexts();
  const [choice, setChoice] = useState(notificationChoice);
  return (
    <section className={panel.section}>
      <h3 className={panel.title}>{t("settings.notifications")}</h3>
      <label className={panel.check}>
        <input
          type="checkbox"
          checked={choice === "on"}
          disabled={choice === "denied"}
          onChange={(event) => void chooseNotifications(event.target.checked).then(setChoice)}
        />
        {t("settings.notifyOn")}
      </label>
      {choice === "denied" && <p className={panel.soft}>{t("settings.notifyDenied")}</p>}
    </section>
  );
}
