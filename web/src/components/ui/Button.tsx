import type { ComponentProps, ReactNode } from "react";
import styles from "./Button.module.css";
import { classNames } from "./class-names";

type Look = "primary" | "quiet" | "danger";

interface ButtonProps extends ComponentProps<"button"> {
  readonly look?: Look;
  /** Disables the button while its action runs. */
  readonly busy?: boolean;
  readonly wide?: boolean;
}

export function Button({ look = "quiet", busy = false, wide = false, className, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled === true || busy}
      aria-busy={busy}
      className={classNames(styles.button, styles[look], wide && styles.wide, className)}
    />
  );
}

interface IconButtonProps extends ComponentProps<"button"> {
  /** The accessible name and the tooltip. */
  readonly label: string;
  readonly look?: "plain" | "primary";
  readonly children: ReactNode;
}

export function IconButton({ label, look = "plain", className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      {...rest}
      className={classNames(styles.icon, look === "primary" && styles.primary, className)}
    />
  );
}
