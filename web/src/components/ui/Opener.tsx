import { Slot } from "radix-ui";
import { type PointerEvent, type ReactNode, Suspense, useCallback, useRef } from "react";
import type { Trigger } from "./types";

interface OpenerProps {
  readonly trigger: Trigger;
  /** The kind of element that it opens. */
  readonly popup: "menu" | "dialog";
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  /** Renders the popup with the button in it. It may suspend until it is loaded. */
  readonly children: (trigger: ReactNode) => ReactNode;
}

/**
 * A button and its popup. While the popup loads, the button works alone: it remembers a press by pointer or keyboard,
 * opens the popup once it is loaded, and keeps the focus.
 */
export function Opener({ trigger, popup, open, onOpenChange, children }: OpenerProps) {
  const focused = useRef(false);
  const restoreFocus = useCallback((button: HTMLElement | null) => {
    if (button && focused.current) button.focus();
    focused.current = false;
  }, []);
  const pressed = useRef(false);
  // Act on pointer down: the loaded popup may replace the button before the click.
  const press = (event: PointerEvent): void => {
    const isPlain = event.button === 0 && !event.ctrlKey;
    // Touch fires its click on the button that is there at the end of the tap, which would close a dialog again.
    pressed.current = isPlain && (popup === "menu" || event.pointerType === "mouse");
    if (pressed.current) onOpenChange(!open);
  };
  const click = (): void => {
    if (!pressed.current) onOpenChange(!open);
    pressed.current = false;
  };
  const loading = (
    <Slot.Root
      aria-haspopup={popup}
      aria-expanded={open}
      aria-busy={open}
      onPointerDown={press}
      onKeyDown={() => (pressed.current = false)}
      onClick={click}
      onFocus={() => (focused.current = true)}
      onBlur={() => (focused.current = false)}
    >
      {trigger}
    </Slot.Root>
  );
  return <Suspense fallback={loading}>{children(<Slot.Root ref={restoreFocus}>{trigger}</Slot.Root>)}</Suspense>;
}
