/** Emoji by group with their names, loaded when a picker first opens: in the page's language, or else in English. */

export interface Emoji {
  readonly emoji: string;
  readonly names: readonly string[];
}

export type EmojiGroups = ReadonlyMap<EmojiGroup, readonly Emoji[]>;

export const EMOJI_GROUPS = [
  "smileys_people",
  "animals_nature",
  "food_drink",
  "travel_places",
  "activities",
  "objects",
  "symbols",
  "flags",
] as const;
export type EmojiGroup = (typeof EMOJI_GROUPS)[number];

interface Source {
  readonly emojis: Readonly<Record<string, readonly { readonly n: readonly string[]; readonly u: string }[]>>;
}

const sources: Readonly<Record<string, () => Promise<{ default: unknown }>>> = {
  en: () => import("emoji-picker-react/data/emojis-en"),
  de: () => import("emoji-picker-react/data/emojis-de"),
};

const loaded = new Map<string, Promise<EmojiGroups>>();

export function loadEmoji(language: string): Promise<EmojiGroups> {
  const key = language in sources ? language : "en";
  let groups = loaded.get(key);
  if (!groups) loaded.set(key, (groups = load(key)));
  return groups;
}

async function load(key: string): Promise<EmojiGroups> {
  const source = (await sources[key]?.())?.default as Source;
  return new Map(EMOJI_GROUPS.map((group) => [group, (source.emojis[group] ?? []).map(emojiOf)]));
}

function emojiOf({ n, u }: { n: readonly string[]; u: string }): Emoji {
  return { emoji: String.fromCodePoint(...u.split("-").map((hex) => parseInt(hex, 16))), names: n };
}

/** Return the emoji with a name that contains each word. */
export function searchEmoji(groups: EmojiGroups, query: string, limit = 120): readonly Emoji[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const matches = ({ names }: Emoji) =>
    words.every((word) => names.some((name) => name.toLocaleLowerCase().includes(word)));
  return [...groups.values()].flat().filter(matches).slice(0, limit);
}
