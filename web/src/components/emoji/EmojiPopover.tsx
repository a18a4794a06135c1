import { type ReactNode, Suspense } from "react";
import { later } from "@/components/ui/lazy-component";
import { Opener, type Trigger } from "@/components/ui/Opener";
import type { EmojiPopoverContentProps } from "./EmojiPopoverContent";

const EmojiPopoverContent = later(() => import("./EmojiPopoverContent"));

type EmojiPopoverProps = Omit<EmojiPopoverContentProps, "anchor"> & {
  /** A button that opens it, or an empty element at the place where it shall appear. */
  readonly anchor: { readonly trigger: Trigger } | { readonly at: ReactNode };
};

/** An emoji picker that opens beside a button or a place. */
export function EmojiPopover({ anchor, ...rest }: EmojiPopoverProps) {
  if ("at" in anchor) {
    return (
      <Suspense>
        <EmojiPopoverContent {...rest} anchor={anchor} />
      </Suspense>
    );
  }
  return (
    <Opener trigger={anchor.trigger} popup="dialog" open={rest.open} onOpenChange={rest.onOpenChange}>
      {(trigger) => <EmojiPopoverContent {...rest} anchor={{ trigger }} />}
    </Opener>
  );
}
