import { Keyboard, LogOut, Settings, Smile } from "lucide-react";
import { useUserName } from "@/components/people/names";
import { UserAvatar } from "@/components/people/UserAvatar";
import { Menu } from "@/components/ui/Menu";
import { useToast } from "@/components/ui/Toasts";
import { useErrorText, useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { UserId } from "@/lib/types";
import type { OpenDialog } from "./types";
import styles from "./OwnMenu.module.css";

/** The user's picture and name, and the menu of settings and logout. */
export function OwnMenu({ me, onOpen }: { readonly me: UserId; readonly onOpen: (dialog: OpenDialog) => void }) {
  const { t } = useTexts();
  const { logout } = useActions();
  const toast = useToast();
  const errorText = useErrorText();
  const name = useUserName(me);
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={styles.me} title={t("chats.menu")}>
          <UserAvatar userId={me} size="small" withPresence />
          <bdi className={styles.name}>{name}</bdi>
        </button>
      }
      items={[
        {
          key: "settings",
          label: t("settings.title"),
          icon: <Settings size={18} />,
          onSelect: () => onOpen({ kind: "settings", tab: "profile" }),
        },
        {
          key: "status",
          label: t("settings.status"),
          icon: <Smile size={18} />,
          onSelect: () => onOpen({ kind: "settings", tab: "status" }),
        },
        {
          key: "shortcuts",
          label: t("shortcuts.title"),
          icon: <Keyboard size={18} />,
          onSelect: () => onOpen({ kind: "shortcuts" }),
        },
        {
          key: "logout",
          label: t("settings.logout"),
          icon: <LogOut size={18} />,
          danger: true,
          onSelect: () => void logout().catch((failure: unknown) => toast(errorText(failure))),
        },
      ]}
    />
  );
}
