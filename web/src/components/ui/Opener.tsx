import { Slot } from "radix-ui";
import {
  type ComponentProps,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  Suspense,
  useCallback,
  useRef,
} from "react";

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
 * a press, also by keyboard, opens as soon as there is something to open, and the focus stays where it was.
 */
export function Opener({ trigger, popup, open, onOpenChange, children }: OpenerProps) {
  const focused = useRef(false);
  const arrive = useCallback((button: HTMLElement | null) => {
    if (button && focused.current) button.focus();
    focused.current = false;
  }, []);
  const pressed = useRef(false);
  // What is loaded may come, with a button of its own, while a pointer is down: its click would be nobody's.
  const press = (event: PointerEvent): void => {
    const isPlain = event.button === 0 && !event.ctrlKey;
    // The tap of a finger goes to the button that is there when the finger is lifted, which would close a dialog again.
    pressed.current = isPlain && (popup === "menu" || event.pointerType === "mouse");
    if (pressed.current) onOpenChange(!open);
  };
  const click = (): void => {
    if (!pressed.current) onOpenChange(!open);
    pressed.current = false;
  };
  const waiting = (
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
  return <Suspense fallback={waiting}>{children(<Slot.Root ref={arrive}>{trigger}</Slot.Root>)}</Suspense>;
}
