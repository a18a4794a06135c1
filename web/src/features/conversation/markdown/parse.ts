/** Parses light markdown (bold, italic, code, links) into a tree. Everything else stays text; there is no HTML. */

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bold" | "italic" | "strike"; readonly children: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Inline[] };

export type Block =
  | { readonly kind: "paragraph"; readonly children: readonly Inline[] }
  | { readonly kind: "code-block"; readonly text: string };

const FENCE = /^```[^\n`]*\n([\s\S]*?)\n?```[ \t]*$/gm;
const URL_TEXT = String.raw`https?:\/\/[^\s<>"'` + "`" + String.raw`]*[^\s<>"'` + "`" + String.raw`.,:;!?)\]}*_~]`;
const DEEPEST = 6;

/** Tried in this order at each position. */
const PATTERNS: readonly {
  readonly kind: "code" | "named" | "url" | "bold" | "italic" | "strike";
  readonly source: string;
}[] = [
  { kind: "code", source: "`([^`\\n]+)`" },
  { kind: "named", source: `\\[([^\\[\\]\\n]+)\\]\\((${URL_TEXT})\\)` },
  { kind: "url", source: `(${URL_TEXT})` },
  { kind: "bold", source: "\\*\\*(?=\\S)([^\\n]*?\\S)\\*\\*(?!\\*)" },
  { kind: "strike", source: "~~(?=\\S)([^\\n]*?\\S)~~" },
  { kind: "italic", source: "(?<![\\p{L}\\p{N}*_])[*_](?=[^\\s*_])([^\\n*_]*?[^\\s*_])[*_](?![\\p{L}\\p{N}*_])" },
];

const ANY = new RegExp(PATTERNS.map(({ kind, source }) => `(?<${kind}>${source})`).join("|"), "gu");
const EACH = new Map(PATTERNS.map(({ kind, source }) => [kind, new RegExp(`^(?:${source})$`, "u")]));

export function parseMarkdown(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let end = 0;
  for (const match of text.matchAll(FENCE)) {
    pushParagraph(blocks, text.slice(end, match.index));
    blocks.push({ kind: "code-block", text: match[1] ?? "" });
    end = match.index + match[0].length;
  }
  pushParagraph(blocks, text.slice(end));
  return blocks;
}

function pushParagraph(blocks: Block[], text: string): void {
  const trimmed = text.replace(/^\n+|\n+$/g, "");
  if (trimmed !== "") blocks.push({ kind: "paragraph", children: parseInline(trimmed, 0) });
}

function parseInline(text: string, depth: number): readonly Inline[] {
  if (depth > DEEPEST) return [{ kind: "text", text }];
  const found: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(ANY)) {
    if (match.index > end) found.push({ kind: "text", text: text.slice(end, match.index) });
    found.push(inlineOf(match, depth));
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ kind: "text", text: text.slice(end) });
  return found;
}

function inlineOf(match: RegExpMatchArray, depth: number): Inline {
  const whole = match[0];
  const pattern = PATTERNS.find(({ kind }) => match.groups?.[kind] !== undefined);
  if (!pattern) return { kind: "text", text: whole };
  // The look-arounds of `italic` also match at the ends of the text.
  const [, inner = whole, href = whole] = EACH.get(pattern.kind)?.exec(whole) ?? [];
  switch (pattern.kind) {
    case "code":
      return { kind: "code", text: inner };
    case "named":
      return { kind: "link", href, children: [{ kind: "text", text: inner }] };
    case "url":
      return { kind: "link", href: whole, children: [{ kind: "text", text: whole }] };
    default:
      return { kind: pattern.kind, children: parseInline(inner, depth + 1) };
  }
}

const EMOJI_ONLY =
  /^(?:\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|\u200D\p{Extended_Pictographic})*|\p{Regional_Indicator}{2}|\s){1,12}$/u;

/** Say whether a message consists of a few emoji only, which are shown large. */
export function isEmojiOnly(text: string): boolean {
  return text.trim() !== "" && EMOJI_ONLY.test(text.trim());
}
