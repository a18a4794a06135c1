import { LogOut, UserPlus } from "lucide-react";
import { useState } from "react";
import { PictureButton } from "@/components/picture/PictureButton";
import { Avatar } from "@/components/ui/Avatar";
import { Button } from "@/components/ui/Button";
import { Confirm } from "@/components/ui/Confirm";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { SidePanel } from "@/components/ui/SidePanel";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { Chat, UserId } from "@/lib/types";
import { byRole, canManage, roleOf } from "../hooks/roles";
import { AddMembersDialog } from "./AddMembersDialog";
import { GroupForm } from "./GroupForm";
import { MemberRow } from "./MemberRow";

interface GroupPanelProps {
  readonly chat: Chat;
  readonly me: UserId;
  readonly onPerson: (userId: UserId) => void;
  readonly onLeft: () => void;
  readonly onClose: () => void;
}

/** A group's details: picture, name, members and their roles. */
export function GroupPanel({ chat, me, onPerson, onLeft, onClose }: GroupPanelProps) {
  const { t } = useTexts();
  const { updateGroup } = useActions();
  const [adding, setAdding] = useState(false);
  const manages = canManage(roleOf(chat, me));
  const picture = <Avatar name={chat.title} url={chat.avatarUrl} size="large" />;
  return (
    <SidePanel title={t("conversation.details")} onClose={onClose}>
      {manages ? (
        <>
          <PictureButton
            label={t("groups.picture")}
            canRemove={chat.avatarUrl !== null}
            onPicture={(mediaId) => updateGroup(chat.chatId, { avatarMediaId: mediaId })}
          >
            {picture}
          </PictureButton>
          <GroupForm key={chat.chatId} chat={chat} />
          <HistorySwitch chat={chat} />
        </>
      ) : (
        <div className={panel.hero}>
          {picture}
          <h3 className={panel.name}>
            <bdi>{chat.title}</bdi>
          </h3>
          <p className={panel.text} dir="auto">
            {chat.description}
          </p>
        </div>
      )}
      <section className={panel.section}>
        <h4 className={panel.title}>{t("conversation.members", { count: chat.members.length })}</h4>
        {manages && (
          <Button onClick={() => setAdding(true)}>
            <UserPlus size={18} aria-hidden />
            {t("groups.add")}
          </Button>
        )}
        <ul>
          {byRole(chat.members).map((member) => (
            <MemberRow key={member.userId} chat={chat} member={member} me={me} onPerson={onPerson} />
          ))}
        </ul>
      </section>
      <LeaveButton chat={chat} onLeft={onLeft} />
      {adding && <AddMembersDialog chat={chat} onClose={() => setAdding(false)} />}
    </SidePanel>
  );
}

/** Whether people who are added later see earlier messages. */
function HistorySwitch({ chat }: Pick<GroupPanelProps, "chat">) {
  const { t } = useTexts();
  const { updateGroup } = useActions();
  const task = useTask();
  return (
    <section className={panel.section}>
      <label className={panel.check}>
        <input
          type="checkbox"
          checked={chat.historyShared}
          disabled={task.busy}
          onChange={({ target }) => void task.run(() => updateGroup(chat.chatId, { historyShared: target.checked }))}
        />
        {t("groups.historyShared")}
      </label>
      <p className={panel.soft}>{t("groups.historySharedHint")}</p>
      <FormError text={task.text} />
    </section>
  );
}

function LeaveButton({ chat, onLeft }: Pick<GroupPanelProps, "chat" | "onLeft">) {
  const { t } = useTexts();
  const { leaveGroup } = useActions();
  const task = useTask();
  const [asking, setAsking] = useState(false);
  const leave = async (): Promise<void> => {
    if (await task.run(() => leaveGroup(chat.chatId))) onLeft();
  };
  return (
    <div className={panel.section}>
      <Button look="danger" busy={task.busy} onClick={() => setAsking(true)}>
        <LogOut size={18} aria-hidden />
        {t("groups.leave")}
      </Button>
      <FormError text={task.text} />
      {asking && (
        <Confirm
          title={t("groups.leave")}
          text={t("groups.leaveAsk")}
          action={t("groups.leave")}
          onConfirm={() => void leave()}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
