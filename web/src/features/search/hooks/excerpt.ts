/** Where the words of a search stand in a text, as the server compares them: without case and accents. Pure. */

export interface Piece {
  readonly text: string;
  readonly found: boolean;
}

/** So many characters may stand before the first word that was found: about two lines. */
const LONGEST_LEAD = 80;
/** Where there are more, so many are left. */
const LEAD = 40;

function fold(text: string): string {
  return text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
}

function wordsOf(query: string): readonly string[] {
  return [...new Set(fold(query).split(/\s+/))].filter((word) => word !== "");
}

/** The text in pieces, from a little before the first word found. */
export function excerpt(text: string, query: string): readonly Piece[] {
  const { folded, origins } = withOrigins(text);
  const hits = wordsOf(query).flatMap((word) => placesOf(folded, word));
  const marked = new Uint8Array(text.length);
  for (const { from, to } of hits) marked.fill(1, origins[from], origins[to] ?? text.length);
  const first = marked.indexOf(1);
  return first > LONGEST_LEAD
    ? [{ text: "… ", found: false }, ...pieces(text, marked, startOf(text, first))]
    : pieces(text, marked, 0);
}

/** The folded text, and for each of its characters the place of the one that it came from. */
function withOrigins(text: string): { folded: string; origins: readonly number[] } {
  const origins: number[] = [];
  let folded = "";
  let place = 0;
  for (const character of text) {
    const part = fold(character);
    folded += part;
    for (let count = 0; count < part.length; count++) origins.push(place);
    place += character.length;
  }
  return { folded, origins };
}

function placesOf(text: string, word: string): { from: number; to: number }[] {
  const places = [];
  for (let from = text.indexOf(word); from >= 0; from = text.indexOf(word, from + word.length)) {
    places.push({ from, to: from + word.length });
  }
  return places;
}

function startOf(text: string, first: number): number {
  const from = first - LEAD;
  const space = text.indexOf(" ", from);
  return space >= 0 && space < first ? space + 1 : from;
}

function pieces(text: string, marked: Uint8Array, from: number): readonly Piece[] {
  const result: Piece[] = [];
  for (let start = from; start < text.length;) {
    const found = marked[start] === 1;
    let end = start + 1;
    while (end < text.length && (marked[end] === 1) === found) end++;
    result.push({ text: text.slice(start, end), found });
    start = end;
  }
  return result;
}
