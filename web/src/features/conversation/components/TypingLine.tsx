import { useUserNames } from "@/components/people/names";
import { useTexts } from "@/i18n/hooks";
import { useTyping } from "@/lib/hooks";
import type { ChatId } from "@/lib/types";
import styles from "./TypingLine.module.css";

/** The names of typing members. The line stays when it is empty, so that the layout does not jump. */
export function TypingLine({ chatId }: { readonly chatId: ChatId }) {
  const { t } = useTexts();
  const names = useUserNames(useTyping(chatId));
  const [first, second] = names;
  let text = "";
  if (names.length > 2) text = t("presence.typingMany");
  else if (first !== undefined && second !== undefined) text = t("presence.typingTwo", { first, second });
  else if (first !== undefined) text = t("presence.typingOne", { name: first });
  return (
    <p className={styles.line} data-testid="typing">
      {text}
    </p>
  );
}
