import { useErrorText, useTexts } from "@/i18n/hooks";
import { ChatlyError, type Message } from "@/lib/types";
import type { MessageCommands } from "../types";
import styles from "./SendProblem.module.css";

/** The reason why a message was not sent, with buttons to retry or discard it. */
export function SendProblem({ message, commands }: { readonly message: Message; readonly commands: MessageCommands }) {
  const { t } = useTexts();
  const errorText = useErrorText();
  return (
    <p className={styles.problem} role="alert">
      {errorText(new ChatlyError(message.failure ?? "UNKNOWN", ""))}
      <button type="button" onClick={() => commands.retry(message)}>
        {t("common.retry")}
      </button>
      <button type="button" onClick={() => commands.discard(message)}>
        {t("conversation.discard")}
      </button>
    </p>
  );
}
