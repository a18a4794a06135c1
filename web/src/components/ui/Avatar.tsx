import { useState } from "react";
import styles from "./Avatar.module.css";
import { classNames } from "./class-names";

const HUES = 8;

interface AvatarProps {
  readonly name: string;
  readonly url: string | null;
  readonly size?: "small" | "medium" | "large" | "huge";
}

/** A picture, or initials on a colour chosen by name. Hidden from screen readers. */
export function Avatar({ name, url, size = "medium" }: AvatarProps) {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <span className={classNames(styles.avatar, styles[size], styles[`hue${hueOf(name)}`])} aria-hidden>
      <span className={styles.letters}>{initials(name)}</span>
      {url && url !== broken && <img className={styles.image} src={url} alt="" onError={() => setBroken(url)} />}
    </span>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => String.fromCodePoint(word.codePointAt(0) ?? 32));
  return letters.join("").toLocaleUpperCase();
}

function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}
