import { useCallback } from "react";
import { useToast } from "@/components/ui/Toasts";
import { useTexts } from "@/i18n/hooks";
import { useActions, useUploads } from "@/lib/hooks";
import type { ChatId } from "@/lib/types";
import { FILES_LIMIT } from "./limits";

/** Attach files, up to the maximum of a message. */
export function useAttach(chatId: ChatId): (files: Iterable<File>) => void {
  const { t } = useTexts();
  const { attach } = useActions();
  const toast = useToast();
  const free = FILES_LIMIT - useUploads(chatId).length;
  return useCallback(
    (files) => {
      const all = [...files];
      if (all.length > free) toast(t("composer.tooManyFiles", { count: FILES_LIMIT }));
      const some = all.slice(0, Math.max(0, free));
      if (some.length > 0) attach(chatId, some);
    },
    [attach, chatId, free, t, toast],
  );
}
