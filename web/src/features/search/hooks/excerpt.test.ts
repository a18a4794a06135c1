import { describe, expect, it } from "vitest";
import { excerpt } from "./excerpt";

/** Return the excerpt with its matches in brackets. */
const shown = (text: string, query: string) =>
  excerpt(text, query)
    .map((segment) => (segment.found ? `[${segment.text}]` : segment.text))
    .join("");

describe("an excerpt", () => {
  it.each([
    ["The PLAN for Monday", "plan", "The [PLAN] for Monday"],
    ["one two one", "one", "[one] two [one]"],
    ["Meet at the Café", "cafe", "Meet at the [Café]"],
    ["cafe au lait", "CAFÉ", "[cafe] au lait"],
    ["monday plan", "plan mon", "[mon]day [plan]"],
    ["وعليكم السَّلام", "سلام", "وعليكم ال[سَّلام]"],
    ["👍🏽 yes", "yes", "👍🏽 [yes]"],
    ["a * b", "*", "a [*] b"],
    ["by a file's name only", "cat.jpg", "by a file's name only"],
  ])("of %j by %j marks the matches", (text, query, expected) => {
    expect(shown(text, query)).toBe(expected);
  });

  it("of a long text starts shortly before the first match", () => {
    const text = `${"far away ".repeat(30)}the needle`;
    expect(shown("a few words before the needle, on the same line", "needle")).not.toContain("…");

    expect(shown(text, "needle")).toMatch(/^… (far |away ){1,8}the \[needle\]$/);
  });
});
