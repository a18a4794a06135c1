import { Camera } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { Button } from "@/components/ui/Button";
import { useToast } from "@/components/ui/Toasts";
import { useErrorText, useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import { CropDialog } from "./CropDialog";
import styles from "./PictureButton.module.css";

interface PictureButtonProps {
  /** The current picture. */
  readonly children: ReactNode;
  readonly label: string;
  /** Called with the media_id of the uploaded picture, or with an empty string to remove it. */
  readonly onPicture: (mediaId: string) => Promise<unknown>;
  readonly canRemove: boolean;
}

/** Chooses, crops and uploads a picture for a profile or a group. */
export function PictureButton({ children, label, onPicture, canRemove }: PictureButtonProps) {
  const { t } = useTexts();
  const { uploadAvatar } = useActions();
  const toast = useToast();
  const errorText = useErrorText();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [busy, setBusy] = useState(false);

  const change = async (picture: Blob | null): Promise<void> => {
    setFile(null);
    setBusy(true);
    try {
      await onPicture(picture ? await uploadAvatar(picture) : "");
    } catch (failure) {
      toast(errorText(failure));
    } finally {
      setBusy(false);
    }
  };
  const unreadable = (): void => {
    setFile(null);
    toast(t("profile.notAnImage"));
  };
  return (
    <div className={styles.picture}>
      {children}
      <div className={styles.buttons}>
        <Button busy={busy} onClick={() => input.current?.click()}>
          <Camera size={18} aria-hidden />
          {label}
        </Button>
        {canRemove && (
          <Button busy={busy} onClick={() => void change(null)}>
            {t("profile.removePicture")}
          </Button>
        )}
      </div>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        aria-label={label}
        onChange={(event) => {
          setFile(event.target.files?.[0] ?? null);
          event.target.value = "";
        }}
      />
      {file && (
        <CropDialog
          file={file}
          onCropped={(picture) => void change(picture)}
          onUnreadable={unreadable}
          onClose={() => setFile(null)}
        />
      )}
    </div>
  );
}
