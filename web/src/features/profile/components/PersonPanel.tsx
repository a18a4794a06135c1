import { Ban, MessageCircle } from "lucide-react";
import { useEffect, useState } from "react";
import { useNameOf } from "@/components/people/names";
import { PresenceText } from "@/components/people/PresenceText";
import { UserAvatar } from "@/components/people/UserAvatar";
import { Button } from "@/components/ui/Button";
import { Confirm } from "@/components/ui/Confirm";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { SidePanel } from "@/components/ui/SidePanel";
import { useTask } from "@/components/ui/use-task";
import { formatDate } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import { useActions, useBlocked, useUser } from "@/lib/hooks";
import type { User, UserId } from "@/lib/types";

interface PersonPanelProps {
  readonly userId: UserId;
  /** Missing if the chat with this user is open. */
  readonly onMessage?: (() => void) | undefined;
  readonly onClose: () => void;
}

/** The profile of another user. */
export function PersonPanel({ userId, onMessage, onClose }: PersonPanelProps) {
  const { t } = useTexts();
  const { getUser } = useActions();
  const user = useUser(userId);
  const name = useNameOf()(user);
  useEffect(() => {
    // The profile in the state may be old; it is shown until the new one arrives.
    getUser(userId).catch(() => undefined);
  }, [getUser, userId]);
  return (
    <SidePanel title={t("profile.title")} onClose={onClose}>
      <div className={panel.hero}>
        <UserAvatar userId={userId} size="huge" />
        <h3 className={panel.name}>
          <bdi>{name}</bdi>
        </h3>
        <p className={panel.soft}>
          <PresenceText userId={userId} />
        </p>
      </div>
      {user && <About user={user} />}
      <div className={panel.actions}>
        {onMessage && (
          <Button look="primary" onClick={onMessage}>
            <MessageCircle size={18} aria-hidden />
            {t("profile.message")}
          </Button>
        )}
        <BlockButton userId={userId} name={name} />
      </div>
    </SidePanel>
  );
}

function About({ user }: { readonly user: User }) {
  const { t, i18n } = useTexts();
  return (
    <>
      {user.bio !== "" && (
        <section className={panel.section}>
          <h4 className={panel.title}>{t("profile.about")}</h4>
          <p className={panel.text} dir="auto">
            {user.bio}
          </p>
        </section>
      )}
      {user.createdAt !== null && (
        <p className={panel.soft}>{t("profile.since", { date: formatDate(user.createdAt, i18n.language) })}</p>
      )}
    </>
  );
}

function BlockButton({ userId, name }: { readonly userId: UserId; readonly name: string }) {
  const { t } = useTexts();
  const { block, unblock } = useActions();
  const blocked = useBlocked().has(userId);
  const task = useTask();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button
        look={blocked ? "quiet" : "danger"}
        busy={task.busy}
        onClick={() => (blocked ? void task.run(() => unblock(userId)) : setAsking(true))}
      >
        <Ban size={18} aria-hidden />
        {t(blocked ? "profile.unblock" : "profile.block")}
      </Button>
      <FormError text={task.text} />
      {asking && (
        <Confirm
          title={t("profile.block")}
          text={t("profile.blockAsk", { name })}
          action={t("profile.block")}
          onConfirm={() => void task.run(() => block(userId))}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
