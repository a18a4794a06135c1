/** Short messages at the bottom of the screen. */

import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
import styles from "./Toasts.module.css";

const SHOWN_MS = 6_000;

const ToastContext = createContext<(text: string) => void>(() => undefined);

interface Toast {
  readonly id: number;
  readonly text: string;
}

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const next = useRef(0);
  const show = useCallback((text: string) => {
    const id = next.current++;
    setToasts((shown) => [...shown.filter((toast) => toast.text !== text), { id, text }]);
    setTimeout(() => setToasts((shown) => shown.filter((toast) => toast.id !== id)), SHOWN_MS);
  }, []);
  return (
    <ToastContext value={show}>
      {children}
      {/* aria-live is explicit, because an open dialog hides everything else from screen readers. */}
      <div className={styles.toasts} role="status" aria-live="polite">
        {toasts.map(({ id, text }) => (
          <p key={id} className={styles.toast}>
            {text}
          </p>
        ))}
      </div>
    </ToastContext>
  );
}

/** Return a function that shows a message for a few seconds. */
export function useToast(): (text: string) => void {
  return useContext(ToastContext);
}
