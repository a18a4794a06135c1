/** Moves the focus when a dialog closes. */

import { useState } from "react";

/** Return the element that opened the dialog: the focused one, or the menu's button if a menu item was focused. */
function opener(): HTMLElement | null {
  const focused = document.activeElement;
  const button = focused?.closest('[role="menu"]')?.getAttribute("aria-labelledby");
  if (button) return document.getElementById(button);
  return focused instanceof HTMLElement ? focused : null;
}

/**
 * Return a handler that gives the focus back to the element that opened the dialog, or calls `moveFocus`.
 *
 * It does nothing if another element, such as the message box of a chat that was opened, has taken the focus.
 */
export function useReturnFocus(moveFocus?: () => void): (event: Event) => void {
  const [before] = useState(opener);
  return (event) => {
    event.preventDefault();
    if (document.activeElement !== null && document.activeElement !== document.body) return;
    if (moveFocus) moveFocus();
    else before?.focus();
  };
}
