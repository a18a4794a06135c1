/** Marks the words of a search in a text, ignoring case and accents like the server. Pure. */

export interface Segment {
  readonly text: string;
  readonly found: boolean;
}

/** Maximum number of characters before the first match: about two lines. */
const LONGEST_LEAD = 80;
/** Number of characters before the first match in a shortened text. */
const LEAD = 40;

function fold(text: string): string {
  return text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
}

function wordsOf(query: string): readonly string[] {
  return [...new Set(fold(query).split(/\s+/))].filter((word) => word !== "");
}

/** Split a text into matches and the text between them, starting shortly before the first match. */
export function excerpt(text: string, query: string): readonly Segment[] {
  const { folded, origins } = withOrigins(text);
  const matches = wordsOf(query).flatMap((word) => matchesOf(folded, word));
  const marked = new Uint8Array(text.length);
  for (const { from, to } of matches) marked.fill(1, origins[from], origins[to] ?? text.length);
  const first = marked.indexOf(1);
  return first > LONGEST_LEAD
    ? [{ text: "… ", found: false }, ...segments(text, marked, startOf(text, first))]
    : segments(text, marked, 0);
}

/** Return the folded text, and for each of its characters the index of the original character. */
function withOrigins(text: string): { folded: string; origins: readonly number[] } {
  const origins: number[] = [];
  let folded = "";
  let index = 0;
  for (const character of text) {
    const part = fold(character);
    folded += part;
    for (let count = 0; count < part.length; count++) origins.push(index);
    index += character.length;
  }
  return { folded, origins };
}

function matchesOf(text: string, word: string): { from: number; to: number }[] {
  const matches = [];
  for (let from = text.indexOf(word); from >= 0; from = text.indexOf(word, from + word.length)) {
    matches.push({ from, to: from + word.length });
  }
  return matches;
}

function startOf(text: string, first: number): number {
  const from = first - LEAD;
  const space = text.indexOf(" ", from);
  return space >= 0 && space < first ? space + 1 : from;
}

function segments(text: string, marked: Uint8Array, from: number): readonly Segment[] {
  const result: Segment[] = [];
  for (let start = from; start < text.length;) {
    const found = marked[start] === 1;
    let end = start + 1;
    while (end < text.length && (marked[end] === 1) === found) end++;
    result.push({ text: text.slice(start, end), found });
    start = end;
  }
  return result;
}
