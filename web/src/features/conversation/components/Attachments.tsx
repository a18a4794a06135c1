import { Download, FileText } from "lucide-react";
import { formatSize } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import type { Attachment, Message } from "@/lib/types";
import type { LightboxPictures } from "../types";
import styles from "./Attachments.module.css";

const LARGEST_WIDTH = 340;
const LARGEST_HEIGHT = 320;
const SMALLEST = 60;

interface AttachmentsProps {
  readonly message: Message;
  readonly onShow: (pictures: LightboxPictures) => void;
}

export function Attachments({ message, onShow }: AttachmentsProps) {
  const { attachments } = message;
  if (attachments.length === 0) return null;
  const pictures = attachments.filter(isPicture);
  return (
    <div className={styles.attachments}>
      {attachments.map((attachment) =>
        isPicture(attachment) ? (
          <Picture
            key={attachment.mediaId}
            attachment={attachment}
            onOpen={() => onShow({ pictures, index: pictures.indexOf(attachment) })}
          />
        ) : (
          <FileLink key={attachment.mediaId} attachment={attachment} />
        ),
      )}
    </div>
  );
}

function isPicture({ contentType, width, height }: Attachment): boolean {
  return contentType.startsWith("image/") && width > 0 && height > 0;
}

function Picture({ attachment, onOpen }: { readonly attachment: Attachment; readonly onOpen: () => void }) {
  const { t } = useTexts();
  const { width, height, thumbnailUrl, url, fileName } = attachment;
  const scale = Math.min(1, LARGEST_WIDTH / width, LARGEST_HEIGHT / height);
  // Reserve the space before the picture loads, so that the layout does not jump.
  const style = { width: Math.max(SMALLEST, Math.round(width * scale)), aspectRatio: `${width} / ${height}` };
  return (
    <button
      type="button"
      className={styles.picture}
      style={style}
      aria-label={t("conversation.openImage", { name: fileName })}
      onClick={onOpen}
    >
      <img src={thumbnailUrl ?? url} alt={fileName} loading="lazy" decoding="async" draggable={false} />
    </button>
  );
}

function FileLink({ attachment }: { readonly attachment: Attachment }) {
  const { i18n } = useTexts();
  const { url, fileName, sizeBytes } = attachment;
  return (
    <a className={styles.file} href={url} download={fileName} target="_blank" rel="noopener noreferrer">
      <FileText size={24} aria-hidden />
      <span className={styles.text}>
        <bdi className={styles.name}>{fileName}</bdi>
        <span className={styles.size}>{formatSize(sizeBytes, i18n.language)}</span>
      </span>
      <Download size={18} aria-hidden />
    </a>
  );
}
