import { Avatar as Primitive } from "radix-ui";
import styles from "./Avatar.module.css";
import { classNames } from "./class_names";

const HUES = 8;

interface AvatarProps {
  readonly name: string;
  readonly url: string | null;
  readonly size?: "small" | "medium" | "large" | "huge";
}

/** A picture, or the first letters on a colour that stays the same for a name. Says nothing to screen readers. */
export function Avatar({ name, url, size = "medium" }: AvatarProps) {
  return (
    <Primitive.Root className={classNames(styles.avatar, styles[size], styles[`hue${hueOf(name)}`])} aria-hidden>
      {url && <Primitive.Image className={styles.image} src={url} alt="" />}
      <Primitive.Fallback className={styles.letters}>{initials(name)}</Primitive.Fallback>
    </Primitive.Root>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}

function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}
