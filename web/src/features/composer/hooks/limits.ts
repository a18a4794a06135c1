/** The maximum length of a message, in characters as the server counts them. */
export const TEXT_LIMIT = 4_000;
export const FILES_LIMIT = 10;

/** Return the number of characters above the limit. */
export function charactersOver(text: string): number {
  return text.length <= TEXT_LIMIT ? 0 : Math.max(0, Array.from(text).length - TEXT_LIMIT);
}
