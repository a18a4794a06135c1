import { Copy, Pencil, Reply, SmilePlus, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useState } from "react";
import { EmojiPopover } from "@/components/emoji/EmojiPopover";
import { QUICK_REACTIONS } from "@/components/emoji/quick-reactions";
import { Confirm } from "@/components/ui/Confirm";
import { classNames } from "@/components/ui/class-names";
import menuStyles from "@/components/ui/menu.module.css";
import { useTexts } from "@/i18n/hooks";
import type { Message, UserId } from "@/lib/types";
import type { OpenMenu, useMessageMenu } from "../hooks/use-message-menu";
import type { MessageCommands } from "../types";
import styles from "./MessageMenu.module.css";

interface MessageMenuProps {
  readonly menu: ReturnType<typeof useMessageMenu>;
  readonly me: UserId;
  readonly commands: MessageCommands;
}

interface Removal {
  readonly message: Message;
  readonly scope: "me" | "everyone";
}

/** The menu, the emoji picker and the confirmation before deleting: one of each for the whole list. */
export default function MessageMenu({ menu, me, commands }: MessageMenuProps) {
  const { t } = useTexts();
  const [removal, setRemoval] = useState<Removal | null>(null);
  const { opened, close, setOpened } = menu;
  return (
    <>
      {opened?.kind === "menu" && (
        <Actions
          opened={opened}
          isOwn={opened.message.senderId === me}
          commands={commands}
          onClose={close}
          onRemove={setRemoval}
          onMoreEmoji={() => setOpened({ ...opened, kind: "emoji" })}
        />
      )}
      {opened?.kind === "emoji" && (
        <EmojiPopover
          open
          onOpenChange={(open) => !open && close()}
          onPick={(emoji) => commands.react(opened.message, emoji)}
          anchor={{ at: <Anchor opened={opened} /> }}
          returnFocus={() => focusMessage(opened.message)}
        />
      )}
      {removal && (
        <Confirm
          title={t(removal.scope === "me" ? "actions.deleteForMe" : "actions.deleteForEveryone")}
          text={t(removal.scope === "me" ? "actions.deleteForMeAsk" : "actions.deleteForEveryoneAsk")}
          action={t("common.delete")}
          onConfirm={() => commands.remove(removal.message, removal.scope)}
          onClose={() => setRemoval(null)}
          returnFocus={() => focusMessage(removal.message)}
        />
      )}
    </>
  );
}

interface ActionsProps {
  readonly opened: OpenMenu;
  readonly isOwn: boolean;
  readonly commands: MessageCommands;
  readonly onClose: () => void;
  readonly onRemove: (removal: Removal) => void;
  readonly onMoreEmoji: () => void;
}

function Actions({ opened, isOwn, commands, onClose, onRemove, onMoreEmoji }: ActionsProps) {
  const { t } = useTexts();
  const { message } = opened;
  return (
    <DropdownMenu.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <DropdownMenu.Trigger asChild>
        <Anchor opened={opened} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className={menuStyles.menu}
          align="start"
          collisionPadding={8}
          aria-label={t("actions.menu")}
          // The end of a long press may move the focus to the message under the finger.
          onFocusOutside={(event) => event.preventDefault()}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            focusMessage(message);
          }}
        >
          <DropdownMenu.Group className={styles.quick}>
            {QUICK_REACTIONS.map((emoji) => (
              <DropdownMenu.Item
                key={emoji}
                className={styles.emoji}
                aria-label={t("actions.reactWith", { emoji })}
                onSelect={() => commands.react(message, emoji)}
              >
                {emoji}
              </DropdownMenu.Item>
            ))}
          </DropdownMenu.Group>
          <Item
            icon={<SmilePlus size={17} />}
            label={t("actions.moreEmoji")}
            onSelect={() => setTimeout(onMoreEmoji)}
          />
          <Item icon={<Reply size={17} />} label={t("actions.reply")} onSelect={() => commands.reply(message)} />
          {isOwn && (
            <Item icon={<Pencil size={17} />} label={t("actions.edit")} onSelect={() => commands.edit(message)} />
          )}
          {message.text !== "" && (
            <Item icon={<Copy size={17} />} label={t("actions.copy")} onSelect={() => commands.copy(message)} />
          )}
          <DropdownMenu.Separator className={menuStyles.separator} />
          <Item
            danger
            icon={<Trash2 size={17} />}
            label={t("actions.deleteForMe")}
            onSelect={() => onRemove({ message, scope: "me" })}
          />
          {isOwn && (
            <Item
              danger
              icon={<Trash2 size={17} />}
              label={t("actions.deleteForEveryone")}
              onSelect={() => onRemove({ message, scope: "everyone" })}
            />
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface ItemProps {
  readonly icon: React.ReactNode;
  readonly label: string;
  readonly danger?: boolean;
  readonly onSelect: () => void;
}

function Item({ icon, label, danger = false, onSelect }: ItemProps) {
  return (
    <DropdownMenu.Item className={classNames(menuStyles.item, danger && menuStyles.danger)} onSelect={onSelect}>
      {icon}
      {label}
    </DropdownMenu.Item>
  );
}

/** An empty element at the pointer, beside which the menu opens. */
function Anchor({ opened, ...rest }: { readonly opened: OpenMenu }) {
  return (
    <span {...rest} className={styles.place} style={{ left: opened.x, top: opened.y }} aria-hidden tabIndex={-1} />
  );
}

function focusMessage(message: Message): void {
  const row = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(message.key)}"]`);
  // A reply or an edit has moved the focus to the composer; leave it there.
  if (document.activeElement === null || document.activeElement === document.body) row?.focus({ preventScroll: true });
}
