import type { Virtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback } from "react";
import type { Row } from "./rows";

const STEPS: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

/** Move the focus between messages with the arrow keys, Home and End. */
export function useMessageFocus(rows: readonly Row[], virtual: Virtualizer<HTMLDivElement, Element>) {
  return useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      const step = STEPS[event.key];
      if (step === undefined || !(event.target instanceof HTMLElement)) return;
      const list = event.currentTarget;
      const key = event.target.dataset.key;
      if (key === undefined && event.target !== list) return;
      const index = nextMessage(rows, key, step);
      const target = rows[index];
      if (!target) return;
      event.preventDefault();
      virtual.scrollToIndex(index, { align: "auto" });
      requestAnimationFrame(() => {
        list.querySelector<HTMLElement>(`[data-key="${CSS.escape(target.key)}"]`)?.focus({ preventScroll: true });
      });
    },
    [rows, virtual],
  );
}

function nextMessage(rows: readonly Row[], key: string | undefined, step: number): number {
  const isMessage = (row: Row) => row.kind === "message";
  if (key === undefined || step === Infinity) return rows.findLastIndex(isMessage);
  if (step === -Infinity) return rows.findIndex(isMessage);
  let index = rows.findIndex((row) => row.key === key) + step;
  while (rows[index] && rows[index]?.kind !== "message") index += step;
  return index;
}
