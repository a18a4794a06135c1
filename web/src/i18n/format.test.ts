import { expect, it } from "vitest";
import { formatUnread } from "./format";

it("the number of unread messages says that there may be more than the server counts", () => {
  expect([1, 999, 1_000].map(formatUnread)).toEqual(["1", "999", "999+"]);
});
