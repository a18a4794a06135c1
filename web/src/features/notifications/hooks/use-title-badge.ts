import { useEffect } from "react";
import { useUnreadTotal } from "@/lib/hooks";

/** Show the number of unread messages in the window's title and on the app's icon. */
export function useTitleBadge(): void {
  const unread = useUnreadTotal();
  useEffect(() => {
    document.title = unread > 0 ? `(${unread > 999 ? "999+" : unread}) Chatly` : "Chatly";
    if (!("setAppBadge" in navigator)) return;
    const done = unread > 0 ? navigator.setAppBadge(unread) : navigator.clearAppBadge();
    done.catch(() => undefined);
  }, [unread]);
}
