import { useCallback } from "react";
import { useToast } from "@/components/ui/Toasts";
import { useTexts } from "@/i18n/hooks";
import { useActions, useUploads } from "@/lib/hooks";
import type { ChatId } from "@/lib/types";
import { FILES_LIMIT } from "./limits";

/** Attaches files, up to as many as a message can have. */
export function useAttach(chatId: ChatId): (files: Iterable<File>) => void {
  const { t } = useTexts();
  const { attach } = useActions();
  const toast = useToast();
  const room = FILES_LIMIT - useUploads(chatId).length;
  return useCallback(
    (files) => {
      const all = [...files];
      if (all.length > room) toast(t("composer.tooManyFiles", { count: FILES_LIMIT }));
      const some = all.slice(0, Math.max(0, room));
      if (some.length > 0) attach(chatId, some);
    },
    [attach, chatId, room, t, toast],
  );
}
