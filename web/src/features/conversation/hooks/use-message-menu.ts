import { type KeyboardEvent, type MouseEvent, useCallback, useMemo, useState } from "react";
import type { Message } from "@/lib/types";
import { isInLink, useLongPress } from "./use-long-press";

export interface OpenMenu {
  readonly kind: "menu" | "emoji";
  readonly message: Message;
  readonly x: number;
  readonly y: number;
}

type Find = (key: string) => Message | undefined;

/** State of the message menu, and the handlers that open it: right click, long press, keyboard. */
export function useMessageMenu(find: Find) {
  const [opened, setOpened] = useState<OpenMenu | null>(null);

  const open = useCallback(
    (kind: OpenMenu["kind"], target: EventTarget, at?: { x: number; y: number }) => {
      const element = rowOf(target);
      const message = find(element?.dataset.key ?? "");
      if (!element || !message || message.messageId === "" || message.deletedForEveryone) return false;
      const box = (element.querySelector("[data-bubble]") ?? element).getBoundingClientRect();
      setOpened({
        kind,
        message,
        x: at?.x ?? box.x + box.width / 2,
        y: at?.y ?? Math.min(box.bottom, window.innerHeight - 40),
      });
      return true;
    },
    [find],
  );

  const press = useLongPress(useCallback((target, at) => void open("menu", target, at), [open]));
  const handlers = useMemo(
    () => ({
      ...press,
      onContextMenu: (event: MouseEvent) => {
        // Links keep the browser's own menu.
        if (isInLink(event.target)) return;
        const byKeyboard = event.clientX === 0 && event.clientY === 0;
        if (open("menu", event.target, byKeyboard ? undefined : { x: event.clientX, y: event.clientY }))
          event.preventDefault();
      },
      onKeyDown: (event: KeyboardEvent) => {
        if (!(event.target instanceof HTMLElement) || event.target.dataset.key === undefined) return;
        if (event.key !== "Enter" && event.key !== " " && event.key !== "ContextMenu") return;
        if (open("menu", event.target)) event.preventDefault();
      },
    }),
    [open, press],
  );

  const close = useCallback(() => setOpened(null), []);
  return { opened, open, close, setOpened, handlers };
}

export function rowOf(target: EventTarget): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[data-key]") : null;
}
