import { type PointerEvent, useMemo, useRef } from "react";

const LONG_PRESS_MS = 500;
/** A finger that stays is never quite still; one that moves farther scrolls. In pixels. */
const STILL = 10;

type At = { readonly x: number; readonly y: number };

/** Handlers that tell when one finger stays in a place, except on a link: there the browser has its own menu. */
export function useLongPress(onPress: (target: EventTarget, at: At) => void) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const began = useRef<At>({ x: 0, y: 0 });
  return useMemo(() => {
    const end = (): void => clearTimeout(timer.current);
    return {
      onPointerDown: ({ pointerType, isPrimary, target, clientX: x, clientY: y }: PointerEvent) => {
        end();
        if (pointerType !== "touch" || !isPrimary || isInLink(target)) return;
        began.current = { x, y };
        timer.current = setTimeout(() => onPress(target, { x, y }), LONG_PRESS_MS);
      },
      onPointerMove: ({ clientX, clientY }: PointerEvent) => {
        if (Math.hypot(clientX - began.current.x, clientY - began.current.y) > STILL) end();
      },
      onPointerUp: end,
      onPointerCancel: end,
    };
  }, [onPress]);
}

export function isInLink(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a") !== null;
}
