import { memo } from "react";
import { formatDay } from "@/i18n/format";
import { useTexts } from "@/i18n/hooks";
import type { Row } from "../hooks/rows";
import type { RowContext } from "../types";
import styles from "./ListRow.module.css";
import { MessageRow } from "./MessageRow";

export const ListRow = memo(
  function ListRow({ row, ...context }: { readonly row: Row } & RowContext) {
    const { t, i18n } = useTexts();
    switch (row.kind) {
      case "day":
        return (
          <h2 className={styles.day}>
            <span>{formatDay(row.at, i18n.language)}</span>
          </h2>
        );
      case "unread":
        return (
          <p className={styles.unread}>
            <span>{t("conversation.newMessages")}</span>
          </p>
        );
      case "hidden":
        return (
          <p className={styles.day}>
            <span>{t("conversation.hidden")}</span>
          </p>
        );
      case "message":
        return <MessageRow message={row.message} first={row.first} last={row.last} {...context} />;
    }
  },
  // Every change of the list builds new row objects, so compare their content.
  (before, after) =>
    before.me === after.me &&
    before.isGroup === after.isGroup &&
    before.found === after.found &&
    before.onOpen === after.onOpen &&
    before.onQuote === after.onQuote &&
    before.commands === after.commands &&
    isSameRow(before.row, after.row),
);

function isSameRow(a: Row, b: Row): boolean {
  if (a.kind === "message" && b.kind === "message")
    return a.message === b.message && a.first === b.first && a.last === b.last;
  return a.key === b.key;
}
