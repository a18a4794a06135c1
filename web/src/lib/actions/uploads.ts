import type { UploadActions } from "./types";
import type { ActionContext } from "./context";

export function uploadActions({ clients, signedIn }: ActionContext): UploadActions {
  return {
    attach: (chatId, files) => signedIn().tray.attach(chatId, files),
    cancelUpload: (id) => signedIn().tray.cancel(id),
    retryUpload: (id) => signedIn().tray.retry(id),
    async downloadUrl(mediaId) {
      return (await clients.media.getDownloadUrl({ mediaId })).url;
    },
  };
}
