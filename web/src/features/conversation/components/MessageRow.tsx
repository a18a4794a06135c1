import { Ellipsis, Reply, SmilePlus } from "lucide-react";
import { useUserName } from "@/components/people/names";
import { UserAvatar } from "@/components/people/UserAvatar";
import { classNames } from "@/components/ui/class-names";
import { formatTime } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import type { Message } from "@/lib/types";
import { Attachments } from "./Attachments";
import type { RowContext } from "../types";
import { isEmojiOnly } from "../markdown/parse";
import { Markdown } from "../markdown/Markdown";
import { MessageFooter } from "./MessageFooter";
import styles from "./MessageRow.module.css";
import { Quote } from "./Quote";
import { Reactions } from "./Reactions";
import { SendProblem } from "./SendProblem";

type MessageRowProps = RowContext & { readonly message: Message; readonly first: boolean; readonly last: boolean };

export function MessageRow({ message, first, last, me, isGroup, found, ...context }: MessageRowProps) {
  const { t, i18n } = useTexts();
  const isOwn = message.senderId === me;
  const sender = useUserName(message.senderId);
  const label = t("conversation.from", {
    name: isOwn ? t("common.you") : sender,
    time: formatTime(message.createdAt, i18n.language),
  });
  return (
    <article
      className={classNames(styles.row, isOwn && styles.own, first && styles.first, found && styles.found)}
      tabIndex={-1}
      aria-label={label}
      data-key={message.key}
      data-message={message.messageId}
      data-state={message.state}
    >
      {isGroup && !isOwn && (
        <span className={styles.face} data-raised={message.reactions.length > 0}>
          {last && <UserAvatar userId={message.senderId} size="small" />}
        </span>
      )}
      <div className={styles.column}>
        <div className={styles.line}>
          <div className={classNames(styles.bubble, last && styles.last)} data-bubble>
            {isGroup && !isOwn && first && <bdi className={styles.sender}>{sender}</bdi>}
            <Content message={message} onQuote={context.onQuote} onShow={context.onShow} />
            <MessageFooter message={message} isOwn={isOwn} />
          </div>
          <Toolbar message={message} onOpen={context.onOpen} onReply={context.commands.reply} />
        </div>
        <Reactions message={message} me={me} onReact={context.commands.react} />
        {message.state === "failed" && <SendProblem message={message} commands={context.commands} />}
      </div>
    </article>
  );
}

function Content({ message, onQuote, onShow }: { message: Message } & Pick<RowContext, "onQuote" | "onShow">) {
  const { t } = useTexts();
  if (message.deletedForEveryone) return <em className={styles.deleted}>{t("conversation.deleted")}</em>;
  return (
    <>
      {message.replyToMessageId && (
        <Quote chatId={message.chatId} messageId={message.replyToMessageId} onSelect={onQuote} />
      )}
      <Attachments message={message} onShow={onShow} />
      {message.text !== "" && (
        <div className={classNames(isEmojiOnly(message.text) && styles.large)}>
          <Markdown text={message.text} />
        </div>
      )}
    </>
  );
}

/** Buttons that appear while the pointer or the focus is on the message. */
function Toolbar({
  message,
  onOpen,
  onReply,
}: {
  message: Message;
  onOpen: RowContext["onOpen"];
  onReply: (message: Message) => void;
}) {
  const { t } = useTexts();
  if (message.messageId === "" || message.deletedForEveryone) return null;
  return (
    <div className={styles.toolbar}>
      <button
        type="button"
        tabIndex={-1}
        title={t("actions.react")}
        aria-label={t("actions.react")}
        onClick={(event) => onOpen("emoji", event.currentTarget)}
      >
        <SmilePlus size={17} />
      </button>
      <button
        type="button"
        tabIndex={-1}
        title={t("actions.reply")}
        aria-label={t("actions.reply")}
        onClick={() => onReply(message)}
      >
        <Reply size={17} />
      </button>
      <button
        type="button"
        tabIndex={-1}
        title={t("actions.menu")}
        aria-label={t("actions.menu")}
        aria-haspopup="menu"
        onClick={(event) => onOpen("menu", event.currentTarget)}
      >
        <Ellipsis size={17} />
      </button>
    </div>
  );
}
