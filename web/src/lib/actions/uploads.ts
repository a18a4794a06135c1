import type { UploadActions } from "./types";
import type { ActionContext } from "./context";

export function uploadActions({ clients, signedIn }: ActionContext): UploadActions {
  return {
    attach: (chatId, files) => signedIn().uploadQueue.attach(chatId, files),
    cancelUpload: (id) => signedIn().uploadQueue.cancel(id),
    retryUpload: (id) => signedIn().uploadQueue.retry(id),
    async downloadUrl(mediaId) {
      return (await clients.media.getDownloadUrl({ mediaId })).url;
    },
  };
}
