import { describe, expect, it } from "vitest";
import { newId } from "./ids";

describe("newId", () => {
  it("is a UUID of version 7 with the time", () => {
    const now = Date.UTC(2030, 0, 1, 12);

    expect(newId(now)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(newId(now).replaceAll("-", "").slice(0, 12), 16)).toBe(now);
  });

  it("is another one at each call", () => {
    expect(new Set(Array.from({ length: 100 }, () => newId(0))).size).toBe(100);
  });
});
