// @vitest-environment jsdom

import { describe, expect, it } from "vitest";
import { shortcutOf } from "./use-shortcuts";

const press = (init: KeyboardEventInit, typing = false) => shortcutOf(new KeyboardEvent("keydown", init), typing);

describe("shortcuts", () => {
  it("accept Ctrl and Command", () => {
    expect(press({ code: "KeyK", key: "k", ctrlKey: true })).toBe("search");
    expect(press({ code: "KeyK", key: "k", metaKey: true })).toBe("search");
  });

  it("go by the physical key with Alt, whichever letter it types", () => {
    expect(press({ code: "KeyN", key: "˜", altKey: true })).toBe("newChat");
    expect(press({ code: "ArrowDown", key: "ArrowDown", altKey: true })).toBe("nextChat");
  });

  it("tell Escape from Shift and Escape", () => {
    expect(press({ key: "Escape" })).toBe("close");
    expect(press({ key: "Escape", shiftKey: true }, true)).toBe("markRead");
  });

  it("ignore a question mark in a text field", () => {
    expect(press({ key: "?" })).toBe("help");
    expect(press({ key: "?" }, true)).toBeNull();
  });
});
