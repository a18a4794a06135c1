import { type ReactNode, Suspense } from "react";
import { lazyComponent } from "@/components/ui/lazy-component";
import { Opener } from "@/components/ui/Opener";
import type { Trigger } from "@/components/ui/types";
import type { EmojiPopoverContentProps } from "./EmojiPopoverContent";

const EmojiPopoverContent = lazyComponent(() => import("./EmojiPopoverContent"));

type EmojiPopoverProps = Omit<EmojiPopoverContentProps, "anchor"> & {
  /** The button that opens the picker, or an empty element where it appears. */
  readonly anchor: { readonly trigger: Trigger } | { readonly at: ReactNode };
};

/** An emoji picker that opens beside its anchor. */
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
