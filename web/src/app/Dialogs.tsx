import { NewGroupDialog } from "@/features/groups/components/NewGroupDialog";
import { NewChatDialog } from "@/features/people/components/NewChatDialog";
import SettingsDialog from "@/features/settings/components/SettingsDialog";
import ShortcutsDialog from "@/features/shortcuts/components/ShortcutsDialog";
import type { ChatId } from "@/lib/types";
import type { OpenDialog } from "./types";

interface DialogsProps {
  readonly dialog: OpenDialog;
  readonly onChange: (dialog: OpenDialog) => void;
  readonly onOpenChat: (chatId: ChatId) => void;
  readonly onClose: () => void;
}

/** The open dialog. All dialogs load together, when the first one opens. */
export default function Dialogs({ dialog, onChange, onOpenChat, onClose }: DialogsProps) {
  switch (dialog.kind) {
    case "new-chat":
      return <NewChatDialog onOpen={onOpenChat} onClose={onClose} />;
    case "new-group":
      return <NewGroupDialog onOpen={onOpenChat} onClose={onClose} />;
    case "shortcuts":
      return <ShortcutsDialog onClose={onClose} />;
    case "settings":
      return <SettingsDialog tab={dialog.tab} onTab={(tab) => onChange({ kind: "settings", tab })} onClose={onClose} />;
  }
}
