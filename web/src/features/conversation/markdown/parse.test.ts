import { describe, expect, it } from "vitest";
import { isEmojiOnly, parseMarkdown } from "./parse";

const inline = (text: string) => {
  const [block] = parseMarkdown(text);
  return block?.kind === "paragraph" ? block.children : [];
};

describe("light markdown", () => {
  it("parses bold, italic, code and strikethrough", () => {
    expect(inline("**a** *b* _c_ `d` ~~e~~").map((node) => node.kind)).toEqual([
      "bold",
      "text",
      "italic",
      "text",
      "italic",
      "text",
      "code",
      "text",
      "strike",
    ]);
  });

  it("nests italic in bold, and leaves code alone", () => {
    expect(inline("**a _b_** `**c**`")).toEqual([
      {
        kind: "bold",
        children: [
          { kind: "text", text: "a " },
          { kind: "italic", children: [{ kind: "text", text: "b" }] },
        ],
      },
      { kind: "text", text: " " },
      { kind: "code", text: "**c**" },
    ]);
  });

  it("does not parse snake_case, sums or single stars as italic", () => {
    for (const text of ["snake_case_name", "2 * 3 * 4", "a * b", "**", "*", "****"]) {
      expect(inline(text)).toEqual([{ kind: "text", text }]);
    }
  });

  it("links web addresses without a trailing full stop", () => {
    expect(inline("see https://example.org/a?b=1.")).toEqual([
      { kind: "text", text: "see " },
      {
        kind: "link",
        href: "https://example.org/a?b=1",
        children: [{ kind: "text", text: "https://example.org/a?b=1" }],
      },
      { kind: "text", text: "." },
    ]);
  });

  it("links only http and https: scripts stay text", () => {
    const text = "[click](javascript:alert(1)) javascript:alert(1) data:text/html,x";
    expect(inline(text)).toEqual([{ kind: "text", text }]);
  });

  it("keeps HTML as text", () => {
    const text = "<img src=x onerror=alert(1)><script>x</script>";
    expect(inline(text)).toEqual([{ kind: "text", text }]);
  });

  it("keeps fenced code unchanged, as a block", () => {
    expect(parseMarkdown("look:\n```js\nlet a = **b**;\n```\nnice")).toEqual([
      { kind: "paragraph", children: [{ kind: "text", text: "look:" }] },
      { kind: "code-block", text: "let a = **b**;" },
      { kind: "paragraph", children: [{ kind: "text", text: "nice" }] },
    ]);
  });

  it("parses 4,000 hostile characters in under a second", () => {
    const began = performance.now();
    for (const pattern of ["**a", "_*", "[a](", "`", "~~a ", "(https://"])
      parseMarkdown(pattern.repeat(4_000 / pattern.length));
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe("messages of emoji only", () => {
  it("are distinguished from text", () => {
    expect(isEmojiOnly("👍")).toBe(true);
    expect(isEmojiOnly("👩‍🚀 🇩🇪")).toBe(true);
    expect(isEmojiOnly("12")).toBe(false);
    expect(isEmojiOnly("ok 👍")).toBe(false);
  });
});
