import { useEffect } from "react";

export interface Shortcuts {
  readonly search: () => void;
  readonly find: () => void;
  readonly newChat: () => void;
  readonly nextChat: () => void;
  readonly previousChat: () => void;
  readonly composer: () => void;
  readonly help: () => void;
  /** Mark the open chat as read. */
  readonly markRead: () => void;
  readonly close: () => void;
}

/** Return the shortcut of a key press, or null. With Alt it goes by `code`, because `key` may be another letter. */
export function shortcutOf(event: KeyboardEvent, typing: boolean): keyof Shortcuts | null {
  const { key, code, altKey, ctrlKey, metaKey, shiftKey } = event;
  if ((ctrlKey || metaKey) && !altKey && code === "KeyK") return "search";
  // Without Shift it is the browser's own search.
  if ((ctrlKey || metaKey) && shiftKey && !altKey && code === "KeyF") return "find";
  if (altKey && !ctrlKey && !metaKey) {
    const byCode: Readonly<Partial<Record<string, keyof Shortcuts>>> = {
      KeyN: "newChat",
      KeyC: "composer",
      ArrowDown: "nextChat",
      ArrowUp: "previousChat",
    };
    return byCode[code] ?? null;
  }
  if (key === "?" && !typing) return "help";
  if (key !== "Escape") return null;
  return shiftKey ? "markRead" : "close";
}

/** Shortcuts that work everywhere, unless a dialog or a menu is open, or another handler has used the key. */
export function useShortcuts(shortcuts: Shortcuts): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]'))
        return;
      const name = shortcutOf(event, isTyping(event.target));
      if (name === null) return;
      if (name !== "close") event.preventDefault();
      shortcuts[name]();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [shortcuts]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}
