import { type PointerEvent, useMemo, useRef } from "react";

const LONG_PRESS_MS = 500;
/** Movement in pixels that still counts as a press; a finger that moves farther scrolls. */
const TOLERANCE = 10;

type At = { readonly x: number; readonly y: number };

/** Return handlers that detect a long press by touch, except on links: there the browser has its own menu. */
export function useLongPress(onPress: (target: EventTarget, at: At) => void) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const start = useRef<At>({ x: 0, y: 0 });
  return useMemo(() => {
    const end = (): void => clearTimeout(timer.current);
    return {
      onPointerDown: ({ pointerType, isPrimary, target, clientX: x, clientY: y }: PointerEvent) => {
        end();
        if (pointerType !== "touch" || !isPrimary || isInLink(target)) return;
        start.current = { x, y };
        timer.current = setTimeout(() => onPress(target, { x, y }), LONG_PRESS_MS);
      },
      onPointerMove: ({ clientX, clientY }: PointerEvent) => {
        if (Math.hypot(clientX - start.current.x, clientY - start.current.y) > TOLERANCE) end();
      },
      onPointerUp: end,
      onPointerCancel: end,
    };
  }, [onPress]);
}

export function isInLink(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a") !== null;
}
