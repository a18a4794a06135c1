import { describe, expect, it } from "vitest";
import { inside, LARGEST_ZOOM, MIDDLE, squareOf } from "./crop";

const WIDE = { width: 400, height: 200 };

describe("cropping a picture", () => {
  it("starts with the largest square in the middle", () => {
    expect(squareOf(MIDDLE, WIDE)).toEqual({ left: 100, top: 0, side: 200 });
  });

  it("stays inside the picture", () => {
    expect(squareOf(inside({ zoom: 1, x: 2, y: -1 }, WIDE), WIDE)).toEqual({ left: 200, top: 0, side: 200 });
  });

  it("zooms around the centre, up to a limit", () => {
    expect(squareOf(inside({ ...MIDDLE, zoom: 2 }, WIDE), WIDE)).toEqual({ left: 150, top: 50, side: 100 });
    expect(inside({ ...MIDDLE, zoom: 99 }, WIDE).zoom).toBe(LARGEST_ZOOM);
  });
});
