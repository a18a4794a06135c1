import { type ComponentProps, useId } from "react";
import styles from "./TextField.module.css";
import { classNames } from "./class-names";

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** The error message, if the value is invalid. */
  readonly error?: string | null | undefined;
}

export function TextField({ label, hint, error, ...rest }: FieldProps & ComponentProps<"input">) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input dir="auto" {...rest} id={id} className={styles.input} {...ariaOf(id, hint, error)} />
      <Note id={id} hint={hint} error={error} />
    </div>
  );
}

export function TextArea({ label, hint, error, ...rest }: FieldProps & ComponentProps<"textarea">) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <textarea dir="auto" rows={3} {...rest} id={id} className={styles.input} {...ariaOf(id, hint, error)} />
      <Note id={id} hint={hint} error={error} />
    </div>
  );
}

export function SelectField({ label, hint, error, ...rest }: FieldProps & ComponentProps<"select">) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <select {...rest} id={id} className={styles.input} {...ariaOf(id, hint, error)} />
      <Note id={id} hint={hint} error={error} />
    </div>
  );
}

function ariaOf(id: string, hint: FieldProps["hint"], error: FieldProps["error"]) {
  const hasNote = Boolean(hint) || Boolean(error);
  return { "aria-invalid": Boolean(error), ...(hasNote ? { "aria-describedby": `${id}-note` } : {}) };
}

function Note({ id, hint, error }: { id: string } & Pick<FieldProps, "hint" | "error">) {
  if (!hint && !error) return null;
  return (
    <p id={`${id}-note`} className={classNames(styles.note, Boolean(error) && styles.error)}>
      {error ? <span role="alert">{error}</span> : hint}
    </p>
  );
}
