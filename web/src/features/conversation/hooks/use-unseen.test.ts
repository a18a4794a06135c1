// @vitest-environment jsdom

import { renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Message } from "@/lib/types";
import { useUnseen } from "./use-unseen";

/** Return the first `count` messages. */
const upTo = (count: number) => Array.from({ length: count }, (_, order) => ({ key: `k${order}` }) as Message);

type Arguments = Parameters<typeof useUnseen>;

/** Return the count after each render. */
function countsOf(...renders: readonly Arguments[]): readonly number[] {
  const [first, ...others] = renders;
  if (first === undefined) return [];
  const { result, rerender } = renderHook((args: Arguments) => useUnseen(...args), { initialProps: first });
  const counts = [result.current];
  for (const args of others) {
    rerender(args);
    counts.push(result.current);
  }
  return counts;
}

describe("unseen messages", () => {
  it("are those that arrived since the end was in view", () => {
    expect(countsOf([upTo(3), false, true], [upTo(3), false, false], [upTo(5), false, false])).toEqual([0, 0, 2]);
    expect(countsOf([upTo(3), false, false], [upTo(4), false, false], [upTo(4), false, true])).toEqual([0, 1, 0]);
  });

  it("are not the pages between an old part and the newest message", () => {
    expect(countsOf([upTo(3), true, false], [upTo(53), true, false], [upTo(60), false, false])).toEqual([0, 0, 0]);
  });

  it("are counted once an old part has grown to the newest message", () => {
    expect(countsOf([upTo(3), true, false], [upTo(53), false, false], [upTo(54), false, false])).toEqual([0, 0, 1]);
  });
});
