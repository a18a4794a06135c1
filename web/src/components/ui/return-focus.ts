/** Where the focus goes when a dialog closes. */

import { useState } from "react";

/** What opened the dialog: what had the focus, or, if that was an item of a menu which is gone by then, the menu's button. */
function opener(): HTMLElement | null {
  const focused = document.activeElement;
  const button = focused?.closest('[role="menu"]')?.getAttribute("aria-labelledby");
  if (button) return document.getElementById(button);
  return focused instanceof HTMLElement ? focused : null;
}

/**
 * Gives the focus back to what opened the dialog, or to where `place` puts it; what took the focus by itself
 * meanwhile, such as the message box of a chat that was chosen, keeps it.
 */
export function useReturnFocus(place?: () => void): (event: Event) => void {
  const [before] = useState(opener);
  return (event) => {
    event.preventDefault();
    if (document.activeElement !== null && document.activeElement !== document.body) return;
    if (place) place();
    else before?.focus();
  };
}
