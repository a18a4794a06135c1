/** Formats times, sizes and lists in the language of the page. */

const DAY_MS = 86_400_000;
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

const formats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(language, options)));
  return format;
}

/** Return a number of unread messages. The server counts up to 1,000. */
export function formatUnread(count: number): string {
  return count < 1_000 ? String(count) : "999+";
}

export function formatTime(at: number, language: string): string {
  return dateFormat(language, { hour: "numeric", minute: "2-digit" }).format(at);
}

/** Return "Today", "Yesterday" or the date, with the year unless it is this year. */
export function formatDay(at: number, language: string, now = Date.now()): string {
  const days = daysBetween(at, now);
  if (days < 2)
    return capital(new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-days, "day"), language);
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return dateFormat(language, {
    day: "numeric",
    month: "long",
    weekday: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(at);
}

/** Return a short time for lists: today the time, this week the weekday, else the date. */
export function formatWhen(at: number, language: string, now = Date.now()): string {
  const days = daysBetween(at, now);
  if (days < 1) return formatTime(at, language);
  if (days < 7) return dateFormat(language, { weekday: "short" }).format(at);
  return dateFormat(language, { day: "2-digit", month: "2-digit", year: "2-digit" }).format(at);
}

/** Return a relative time such as "5 minutes ago". */
export function formatAgo(at: number, language: string, now = Date.now()): string {
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const minutes = Math.max(0, Math.round((now - at) / 60_000));
  if (minutes < 60) return relative.format(-minutes, "minute");
  if (minutes < 60 * 24) return relative.format(-Math.round(minutes / 60), "hour");
  return relative.format(-Math.round(minutes / 60 / 24), "day");
}

export function formatDate(at: number, language: string): string {
  return dateFormat(language, { dateStyle: "long" }).format(at);
}

export function formatDateTime(at: number, language: string): string {
  return dateFormat(language, { dateStyle: "full", timeStyle: "short" }).format(at);
}

export function formatSize(bytes: number, language: string): string {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(1000)));
  const unit = UNITS[step] ?? "byte";
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: 1,
  }).format(bytes / 1000 ** step);
}

export function formatList(names: readonly string[], language: string): string {
  return new Intl.ListFormat(language, { type: "conjunction" }).format(names);
}

/** Return the number of calendar days between two times, in this device's time zone. */
function daysBetween(from: number, to: number): number {
  return Math.round((startOfDay(to) - startOfDay(from)) / DAY_MS);
}

function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function capital(text: string, language: string): string {
  return text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
}
