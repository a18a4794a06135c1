import { Ban, KeyRound, Palette, Smile, UserRound } from "lucide-react";
import { Tabs } from "radix-ui";
import { Dialog } from "@/components/ui/Dialog";
import { useTexts } from "@/i18n/hooks";
import { Appearance } from "./Appearance";
import { BlockedPeople } from "./BlockedPeople";
import { OwnProfile } from "./OwnProfile";
import { Security } from "./Security";
import styles from "./SettingsDialog.module.css";
import { Status } from "./Status";

const TABS = [
  { key: "profile", Icon: UserRound, Page: OwnProfile },
  { key: "status", Icon: Smile, Page: Status },
  { key: "security", Icon: KeyRound, Page: Security },
  { key: "blocked", Icon: Ban, Page: BlockedPeople },
  { key: "look", Icon: Palette, Page: Appearance },
] as const;

export type SettingsTab = (typeof TABS)[number]["key"];

interface SettingsDialogProps {
  readonly tab: SettingsTab;
  readonly onTab: (tab: SettingsTab) => void;
  readonly onClose: () => void;
}

export default function SettingsDialog({ tab, onTab, onClose }: SettingsDialogProps) {
  const { t } = useTexts();
  return (
    <Dialog title={t("settings.title")} size="large" onClose={onClose}>
      <Tabs.Root className={styles.settings} value={tab} onValueChange={(value) => onTab(value as SettingsTab)}>
        <Tabs.List className={styles.tabs} aria-label={t("settings.title")}>
          {TABS.map(({ key, Icon }) => (
            <Tabs.Trigger key={key} value={key} className={styles.tab}>
              <Icon size={18} aria-hidden />
              {t(`settings.${key}`)}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {TABS.map(({ key, Page }) => (
          <Tabs.Content key={key} value={key} className={styles.page}>
            <Page />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </Dialog>
  );
}
