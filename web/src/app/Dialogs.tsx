import { NewGroupDialog } from "@/features/groups/components/NewGroupDialog";
import { NewChatDialog } from "@/features/people/components/NewChatDialog";
import SettingsDialog from "@/features/settings/components/SettingsDialog";
import ShortcutsDialog from "@/features/shortcuts/components/ShortcutsDialog";
import type { ChatId } from "@/lib/types";
import type { Opened } from "./types";

interface DialogsProps {
  readonly opened: Opened;
  readonly onChange: (opened: Opened) => void;
  readonly onOpenChat: (chatId: ChatId) => void;
  readonly onClose: () => void;
}

/** The dialog that is open; loaded when the first one is. */
export default function Dialogs({ opened, onChange, onOpenChat, onClose }: DialogsProps) {
  switch (opened.kind) {
    case "new-chat":
      return <NewChatDialog onOpen={onOpenChat} onClose={onClose} />;
    case "new-group":
      return <NewGroupDialog onOpen={onOpenChat} onClose={onClose} />;
    case "shortcuts":
      return <ShortcutsDialog onClose={onClose} />;
    case "settings":
      return <SettingsDialog tab={opened.tab} onTab={(tab) => onChange({ kind: "settings", tab })} onClose={onClose} />;
  }
}
