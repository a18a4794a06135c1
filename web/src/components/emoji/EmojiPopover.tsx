import { lazy, Suspense } from "react";
import { patiently } from "@/components/ui/patiently";
import type { EmojiPopoverProps } from "./EmojiPopoverContent";

const EmojiPopoverContent = lazy(patiently(() => import("./EmojiPopoverContent")));

/** An emoji picker that opens beside a button or a place; until it is loaded the button alone. */
export function EmojiPopover(props: EmojiPopoverProps) {
  return (
    <Suspense fallback={"trigger" in props.anchor ? props.anchor.trigger : null}>
      <EmojiPopoverContent {...props} />
    </Suspense>
  );
}
