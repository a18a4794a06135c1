import { describe, expect, it } from "vitest";
import { isEmojiOnly, parseMarkdown } from "./parse";

const inline = (text: string) => {
  const [block] = parseMarkdown(text);
  return block?.kind === "paragraph" ? block.children : [];
};

describe("light markdown", () => {
  it("knows bold, italic, code and struck text", () => {
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

  it("does not take snake_case, sums or lone stars for italic", () => {
    for (const text of ["snake_case_name", "2 * 3 * 4", "a * b", "**", "*", "****"]) {
      expect(inline(text)).toEqual([{ kind: "text", text }]);
    }
  });

  it("links web addresses, without the full stop after them", () => {
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

  it("links only to the web: scripts stay text", () => {
    const text = "[click](javascript:alert(1)) javascript:alert(1) data:text/html,x";
    expect(inline(text)).toEqual([{ kind: "text", text }]);
  });

  it("keeps HTML as text", () => {
    const text = "<img src=x onerror=alert(1)><script>x</script>";
    expect(inline(text)).toEqual([{ kind: "text", text }]);
  });

  it("makes blocks of fenced code, as it is", () => {
    expect(parseMarkdown("look:\n```js\nlet a = **b**;\n```\nnice")).toEqual([
      { kind: "paragraph", children: [{ kind: "text", text: "look:" }] },
      { kind: "code-block", text: "let a = **b**;" },
      { kind: "paragraph", children: [{ kind: "text", text: "nice" }] },
    ]);
  });

  it("reads 4,000 hostile characters quickly", () => {
    const began = performance.now();
    for (const piece of ["**a", "_*", "[a](", "`", "~~a ", "(https://"])
      parseMarkdown(piece.repeat(4_000 / piece.length));
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe("messages of emoji only", () => {
  it("are told from text", () => {
    expect(isEmojiOnly("👍")).toBe(true);
    expect(isEmojiOnly("👩‍🚀 🇩🇪")).toBe(true);
    expect(isEmojiOnly("12")).toBe(false);
    expect(isEmojiOnly("ok 👍")).toBe(false);
  });
});
