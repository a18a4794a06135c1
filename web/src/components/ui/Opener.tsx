import { Slot } from "radix-ui";
import { type ComponentProps, type ReactElement, type ReactNode, Suspense, useCallback, useRef } from "react";

export type Trigger = ReactElement<ComponentProps<"button">>;

interface OpenerProps {
  readonly trigger: Trigger;
  /** What it opens. */
  readonly popup: "menu" | "dialog";
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  /** A part that may still have to be loaded, drawn with the button in it. */
  readonly children: (trigger: ReactNode) => ReactNode;
}

/**
 * A button and what it opens. Until that is loaded the button stands alone, and keeps what it was asked for:
 * a click, also by keyboard, opens as soon as there is something to open, and the focus stays where it was.
 */
export function Opener({ trigger, popup, open, onOpenChange, children }: OpenerProps) {
  const focused = useRef(false);
  const arrive = useCallback((button: HTMLElement | null) => {
    if (button && focused.current) button.focus();
    focused.current = false;
  }, []);
  const waiting = (
    <Slot.Root
      aria-haspopup={popup}
      aria-expanded={open}
      aria-busy={open}
      onClick={() => onOpenChange(!open)}
      onFocus={() => (focused.current = true)}
      onBlur={() => (focused.current = false)}
    >
      {trigger}
    </Slot.Root>
  );
  return <Suspense fallback={waiting}>{children(<Slot.Root ref={arrive}>{trigger}</Slot.Root>)}</Suspense>;
}
