import { Popover } from "radix-ui";
import { type ReactNode, Suspense } from "react";
import { lazyComponent } from "@/components/ui/lazy-component";
import { Spinner } from "@/components/ui/Spinner";
import { useTexts } from "@/i18n/hooks";
import styles from "./EmojiPopoverContent.module.css";

const EmojiPicker = lazyComponent(() => import("./EmojiPicker"));

export interface EmojiPopoverContentProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly onPick: (emoji: string) => void;
  readonly anchor: { readonly trigger: ReactNode } | { readonly at: ReactNode };
  /** Moves the focus when the picker closes; the default is the trigger. */
  readonly returnFocus?: () => void;
}

/** Use `EmojiPopover`, which loads this component after the first render. */
export default function EmojiPopoverContent({
  open,
  onOpenChange,
  onPick,
  anchor,
  returnFocus,
}: EmojiPopoverContentProps) {
  const { t } = useTexts();
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      {"trigger" in anchor ? (
        <Popover.Trigger asChild>{anchor.trigger}</Popover.Trigger>
      ) : (
        <Popover.Anchor asChild>{anchor.at}</Popover.Anchor>
      )}
      <Popover.Portal>
        <Popover.Content
          className={styles.popover}
          sideOffset={6}
          collisionPadding={8}
          aria-label={t("composer.emoji")}
          onCloseAutoFocus={(event) => {
            if (!returnFocus) return;
            event.preventDefault();
            returnFocus();
          }}
        >
          <Suspense fallback={<Spinner />}>
            <EmojiPicker
              onPick={(emoji) => {
                onPick(emoji);
                onOpenChange(false);
              }}
            />
          </Suspense>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
