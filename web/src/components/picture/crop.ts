/** Computes the square that a crop cuts out of a picture. Pure. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Crop {
  /** 1 is the largest square that fits. */
  readonly zoom: number;
  /** The centre, as shares of width and height. */
  readonly x: number;
  readonly y: number;
}

export const MIDDLE: Crop = { zoom: 1, x: 0.5, y: 0.5 };
export const LARGEST_ZOOM = 4;

/** Return the crop, moved as little as necessary to stay inside the picture. */
export function inside({ zoom, x, y }: Crop, size: Size): Crop {
  const used = Math.min(LARGEST_ZOOM, Math.max(1, zoom));
  const side = Math.min(size.width, size.height) / used;
  return { zoom: used, x: clamp(x, side / size.width / 2), y: clamp(y, side / size.height / 2) };
}

/** Return the square in pixels of the picture. */
export function squareOf(crop: Crop, size: Size): { left: number; top: number; side: number } {
  const side = Math.min(size.width, size.height) / crop.zoom;
  return { left: crop.x * size.width - side / 2, top: crop.y * size.height - side / 2, side };
}

function clamp(value: number, margin: number): number {
  return Math.min(1 - margin, Math.max(margin, value));
}
