import { FileText, RotateCcw, X } from "lucide-react";
import { formatSize } from "@/i18n/format";
import { useErrorText, useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { Upload } from "@/lib/types";
import styles from "./UploadList.module.css";

/** The attached files, with progress and actions. */
export function UploadList({ uploads }: { readonly uploads: readonly Upload[] }) {
  const { t } = useTexts();
  if (uploads.length === 0) return null;
  return (
    <ul className={styles.list} aria-label={t("composer.files")}>
      {uploads.map((upload) => (
        <UploadCard key={upload.id} upload={upload} />
      ))}
    </ul>
  );
}

function UploadCard({ upload }: { readonly upload: Upload }) {
  const { t } = useTexts();
  const { cancelUpload, retryUpload } = useActions();
  const { fileName, sizeBytes, sentBytes, state } = upload;
  const percent = state === "done" ? 100 : Math.floor((100 * sentBytes) / Math.max(1, sizeBytes));
  return (
    <li className={styles.card} data-state={state}>
      {upload.previewUrl ? (
        <img className={styles.preview} src={upload.previewUrl} alt="" />
      ) : (
        <FileText className={styles.preview} aria-hidden />
      )}
      <div className={styles.text}>
        <bdi className={styles.name}>{fileName}</bdi>
        <UploadNote upload={upload} />
        {(state === "uploading" || state === "waiting") && (
          <progress
            className={styles.progress}
            max={100}
            value={percent}
            aria-label={t("composer.uploading", { name: fileName, percent })}
          />
        )}
      </div>
      {state === "failed" && upload.failure?.details.retryable && (
        <button
          type="button"
          title={t("common.retry")}
          aria-label={t("composer.retryUpload", { name: fileName })}
          onClick={() => retryUpload(upload.id)}
        >
          <RotateCcw size={16} />
        </button>
      )}
      <button
        type="button"
        title={t("common.remove")}
        aria-label={t("composer.cancelUpload", { name: fileName })}
        onClick={() => cancelUpload(upload.id)}
      >
        <X size={16} />
      </button>
    </li>
  );
}

function UploadNote({ upload }: { readonly upload: Upload }) {
  const { i18n } = useTexts();
  const errorText = useErrorText();
  if (upload.state === "failed") {
    return (
      <span className={styles.failure} role="alert">
        {errorText(upload.failure)}
      </span>
    );
  }
  return <span className={styles.note}>{formatSize(upload.sizeBytes, i18n.language)}</span>;
}
