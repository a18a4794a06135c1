import { useState } from "react";
import { lazyComponent } from "./lazy-component";
import { Opener } from "./Opener";
import type { MenuItem, Trigger } from "./types";

const MenuContent = lazyComponent(() => import("./MenuContent"));

interface MenuProps {
  readonly trigger: Trigger;
  readonly items: readonly MenuItem[];
  readonly align?: "start" | "end";
}

/** A button that opens a list of actions. */
export function Menu({ trigger, items, align = "end" }: MenuProps) {
  const [open, setOpen] = useState(false);
  return (
    <Opener trigger={trigger} popup="menu" open={open} onOpenChange={setOpen}>
      {(button) => <MenuContent trigger={button} items={items} align={align} open={open} onOpenChange={setOpen} />}
    </Opener>
  );
}
