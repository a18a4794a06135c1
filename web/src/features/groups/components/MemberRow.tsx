import { Ellipsis, UserMinus, UserRoundCog } from "lucide-react";
import { useState } from "react";
import { useUserName } from "@/components/people/names";
import { PersonRow } from "@/components/people/PersonRow";
import { IconButton } from "@/components/ui/Button";
import { Confirm } from "@/components/ui/Confirm";
import { Menu } from "@/components/ui/Menu";
import { useToast } from "@/components/ui/Toasts";
import { useErrorText, useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { Chat, Member, UserId } from "@/lib/types";
import { canManageMember, roleOf, rolesToGive } from "../hooks/roles";

interface MemberRowProps {
  readonly chat: Chat;
  readonly member: Member;
  readonly me: UserId;
  readonly onPerson: (userId: UserId) => void;
}

const GIVE = { member: "groups.makeMember", admin: "groups.makeAdmin", owner: "groups.makeOwner" } as const;

export function MemberRow({ chat, member, me, onPerson }: MemberRowProps) {
  const { t } = useTexts();
  const isMe = member.userId === me;
  const role = member.role && member.role !== "member" ? t(`groups.${member.role}`) : "";
  const note = [isMe ? t("common.you") : "", role].filter(Boolean).join(" · ");
  const manages = !isMe && canManageMember(roleOf(chat, me), member.role);
  return (
    <PersonRow userId={member.userId} note={note} {...(isMe ? {} : { onSelect: () => onPerson(member.userId) })}>
      {manages && <MemberMenu chat={chat} member={member} me={me} />}
    </PersonRow>
  );
}

function MemberMenu({ chat, member, me }: Omit<MemberRowProps, "onPerson">) {
  const { t } = useTexts();
  const { addMembers, removeMember } = useActions();
  const toast = useToast();
  const errorText = useErrorText();
  const name = useUserName(member.userId);
  const [asking, setAsking] = useState(false);
  const showError = (failure: unknown): void => toast(errorText(failure));
  const roles = rolesToGive(roleOf(chat, me), member.role).map((role) => ({
    key: role,
    label: t(GIVE[role]),
    icon: <UserRoundCog size={17} />,
    onSelect: () => void addMembers(chat.chatId, [member.userId], role).catch(showError),
  }));
  return (
    <>
      <Menu
        trigger={
          <IconButton label={t("groups.memberMenu", { name })}>
            <Ellipsis size={18} />
          </IconButton>
        }
        items={[
          ...roles,
          {
            key: "remove",
            label: t("groups.remove"),
            icon: <UserMinus size={17} />,
            danger: true,
            onSelect: () => setAsking(true),
          },
        ]}
      />
      {asking && (
        <Confirm
          title={t("groups.remove")}
          text={t("groups.removeAsk", { name })}
          action={t("common.remove")}
          onConfirm={() => void removeMember(chat.chatId, member.userId).catch(showError)}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
