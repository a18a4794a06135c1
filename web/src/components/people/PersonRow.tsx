import type { ReactNode } from "react";
import type { UserId } from "@/lib/types";
import { useUserName } from "./names";
import styles from "./PersonRow.module.css";
import { UserAvatar } from "./UserAvatar";

interface PersonRowProps {
  readonly userId: UserId;
  readonly note?: ReactNode;
  readonly onSelect?: () => void;
  /** For lists with multiple selection. */
  readonly chosen?: boolean;
  readonly children?: ReactNode;
}

/** A user in a list: picture, name, a note, and actions. */
export function PersonRow({ userId, note, onSelect, chosen, children }: PersonRowProps) {
  const name = useUserName(userId);
  const face = (
    <>
      <UserAvatar userId={userId} withPresence />
      <span className={styles.text}>
        <bdi className={styles.name}>{name}</bdi>
        {note && <span className={styles.note}>{note}</span>}
      </span>
    </>
  );
  return (
    <li className={styles.row}>
      {onSelect ? (
        <button type="button" className={styles.face} onClick={onSelect} aria-pressed={chosen}>
          {face}
          {chosen !== undefined && <span className={styles.mark} data-chosen={chosen} aria-hidden />}
        </button>
      ) : (
        <span className={styles.face}>{face}</span>
      )}
      {children}
    </li>
  );
}
