import { useCallback, useEffect, useState } from "react";
import { useToast } from "@/components/ui/Toasts";
import { useErrorText } from "@/i18n/hooks";
import type { MessageId } from "@/lib/types";
import type { Jump } from "../types";

/** How long the target stays highlighted. */
const HIGHLIGHT_MS = 3_000;

interface Jumps {
  readonly jump: Jump | null;
  readonly jumpTo: (messageId: MessageId) => void;
  readonly endJump: () => void;
}

/** Scroll to a message, after loading it if necessary: to `target`, or with `jumpTo`. */
export function useJump(target: Jump | null, showMessage: (messageId: MessageId) => Promise<void>): Jumps {
  const toast = useToast();
  const errorText = useErrorText();
  const [jump, setJump] = useState<Jump | null>(null);
  const jumpTo = useCallback(
    (messageId: MessageId): void => {
      showMessage(messageId).then(
        () => setJump({ messageId }),
        (failure: unknown) => toast(errorText(failure)),
      );
    },
    [showMessage, toast, errorText],
  );
  useEffect(() => {
    if (target) jumpTo(target.messageId);
  }, [target, jumpTo]);
  const endJump = useCallback(() => setJump(null), []);
  useEffect(() => {
    const timer = setTimeout(endJump, HIGHLIGHT_MS);
    return () => clearTimeout(timer);
  }, [jump, endJump]);
  return { jump, jumpTo, endJump };
}
