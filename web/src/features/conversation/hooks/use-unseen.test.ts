// @vitest-environment jsdom

import { renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Message } from "@/lib/types";
import { useUnseen } from "./use-unseen";

/** What is loaded, up to a message. */
const upTo = (count: number) => Array.from({ length: count }, (_, order) => ({ key: `k${order}` }) as Message);

type Look = Parameters<typeof useUnseen>;

/** The counts of one reader, look after look. */
function countsOf(...looks: readonly Look[]): readonly number[] {
  const [first, ...others] = looks;
  if (first === undefined) return [];
  const { result, rerender } = renderHook((look: Look) => useUnseen(...look), { initialProps: first });
  const counts = [result.current];
  for (const look of others) {
    rerender(look);
    counts.push(result.current);
  }
  return counts;
}

describe("unseen messages", () => {
  it("are those that came since the end was in view", () => {
    expect(countsOf([upTo(3), false, true], [upTo(3), false, false], [upTo(5), false, false])).toEqual([0, 0, 2]);
    expect(countsOf([upTo(3), false, false], [upTo(4), false, false], [upTo(4), false, true])).toEqual([0, 1, 0]);
  });

  it("are not the pages between an old part and the newest message", () => {
    expect(countsOf([upTo(3), true, false], [upTo(53), true, false], [upTo(60), false, false])).toEqual([0, 0, 0]);
  });

  it("are counted from where an old part came to reach the newest message", () => {
    expect(countsOf([upTo(3), true, false], [upTo(53), false, false], [upTo(54), false, false])).toEqual([0, 0, 1]);
  });
});
