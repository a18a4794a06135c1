/** Whether this browser shows notifications: the user's choice, and the browser's permission. */

export type NotificationChoice = "on" | "off" | "denied";

const KEY = "chatly.notifications";

export function notificationChoice(): NotificationChoice {
  if (!("Notification" in window) || Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && localStorage.getItem(KEY) === "on" ? "on" : "off";
}

/** Store the choice, and ask the browser for permission if notifications are switched on. */
export async function chooseNotifications(on: boolean): Promise<NotificationChoice> {
  localStorage.setItem(KEY, on ? "on" : "off");
  if (on && "Notification" in window && Notification.permission === "default") await Notification.requestPermission();
  return notificationChoice();
}
