import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { classNames } from "./class-names";
import styles from "./menu.module.css";
import type { MenuItem } from "./types";

interface MenuContentProps {
  readonly trigger: ReactNode;
  readonly items: readonly MenuItem[];
  readonly align: "start" | "end";
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** Use `Menu`, which loads this component after the first render. */
export default function MenuContent({ trigger, items, align, open, onOpenChange }: MenuContentProps) {
  return (
    <DropdownMenu.Root modal={false} open={open} onOpenChange={onOpenChange}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.menu} align={align} sideOffset={4} collisionPadding={8}>
          {items.map((item) => (
            <DropdownMenu.Item
              key={item.key}
              className={classNames(styles.item, item.danger && styles.danger)}
              onSelect={item.onSelect}
            >
              {item.icon}
              {item.label}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
