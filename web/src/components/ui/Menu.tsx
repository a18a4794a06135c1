import { lazy, Suspense } from "react";
import { patiently } from "./patiently";
import type { MenuProps } from "./MenuContent";

const MenuContent = lazy(patiently(() => import("./MenuContent")));

/** A button that opens a list of actions; until the menu is loaded the button alone. */
export function Menu(props: MenuProps) {
  return (
    <Suspense fallback={props.trigger}>
      <MenuContent {...props} />
    </Suspense>
  );
}
