import { useMemo } from "react";
import { useToast } from "@/components/ui/Toasts";
import { useErrorText, useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";
import type { Message } from "@/lib/types";
import type { MessageCommands } from "../types";

/** The commands of the message menu. Failures are shown as toasts. */
export function useMessageCommands(open: {
  onReply: (message: Message) => void;
  onEdit: (message: Message) => void;
}): MessageCommands {
  const { t } = useTexts();
  const { toggleReaction, deleteMessage, retryMessage, discardMessage } = useActions();
  const toast = useToast();
  const errorText = useErrorText();
  const { onReply, onEdit } = open;
  return useMemo(() => {
    const showError = (failure: unknown) => toast(errorText(failure));
    return {
      reply: onReply,
      edit: onEdit,
      react: ({ chatId, messageId }, emoji) => {
        if (messageId !== "") toggleReaction(chatId, messageId, emoji).catch(showError);
      },
      copy: ({ text }) => void navigator.clipboard.writeText(text).then(() => toast(t("actions.copied")), showError),
      remove: ({ chatId, messageId }, scope) => void deleteMessage(chatId, messageId, scope).catch(showError),
      retry: ({ clientMessageId }) => retryMessage(clientMessageId),
      discard: ({ clientMessageId }) => discardMessage(clientMessageId),
    };
  }, [t, toast, errorText, onReply, onEdit, toggleReaction, deleteMessage, retryMessage, discardMessage]);
}
