import styles from "./FormError.module.css";

/** The error of a form as a whole. */
export function FormError({ text }: { readonly text: string | null }) {
  return text === null ? null : (
    <p className={styles.error} role="alert">
      {text}
    </p>
  );
}
