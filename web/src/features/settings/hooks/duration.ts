/** Choices for how long a status is shown. */

export const DURATIONS = ["never", "1h", "4h", "today"] as const;
export type Duration = (typeof DURATIONS)[number];

const HOUR_MS = 3_600_000;

/** Return when a status that is set now expires; null if it stays. */
export function expiryOf(duration: Duration, now: number): number | null {
  switch (duration) {
    case "never":
      return null;
    case "1h":
      return now + HOUR_MS;
    case "4h":
      return now + 4 * HOUR_MS;
    case "today":
      return new Date(now).setHours(23, 59, 59, 999);
  }
}
