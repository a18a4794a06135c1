import { type SubmitEvent, useState } from "react";
import { PictureButton } from "@/components/picture/PictureButton";
import { UserAvatar } from "@/components/people/UserAvatar";
import { Button } from "@/components/ui/Button";
import { FormError } from "@/components/ui/FormError";
import panel from "@/components/ui/panel.module.css";
import { Spinner } from "@/components/ui/Spinner";
import { TextArea, TextField } from "@/components/ui/TextField";
import { useToast } from "@/components/ui/Toasts";
import { useTask } from "@/components/ui/use-task";
import { useTexts } from "@/i18n/hooks";
import { useActions, useMe } from "@/lib/hooks";
import type { User } from "@/lib/types";

export function OwnProfile() {
  const me = useMe();
  return me ? <ProfileForm me={me} /> : <Spinner />;
}

function ProfileForm({ me }: { readonly me: User }) {
  const { t } = useTexts();
  const { updateMe } = useActions();
  const task = useTask();
  const toast = useToast();
  const [username, setUsername] = useState(me.username);
  const [bio, setBio] = useState(me.bio);
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await task.run(() => updateMe({ username: username.trim(), bio: bio.trim() }))) toast(t("common.done"));
  };
  return (
    <form className={panel.form} onSubmit={(event) => void save(event)}>
      <PictureButton
        label={t("profile.picture")}
        canRemove={me.avatarMediaId !== null}
        onPicture={(avatarMediaId) => updateMe({ avatarMediaId })}
      >
        <UserAvatar userId={me.userId} size="large" />
      </PictureButton>
      <FormError text={task.text} />
      <TextField
        label={t("auth.username")}
        hint={t("auth.usernameHint")}
        value={username}
        error={task.fields.username}
        onChange={(event) => setUsername(event.target.value)}
      />
      <TextArea
        label={t("profile.bio")}
        value={bio}
        maxLength={500}
        error={task.fields.bio}
        onChange={(event) => setBio(event.target.value)}
      />
      {me.email && <p className={panel.soft}>{me.email}</p>}
      <div className={panel.actions}>
        <Button type="submit" look="primary" busy={task.busy}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}
