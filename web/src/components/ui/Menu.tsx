import { lazy, Suspense } from "react";
import type { MenuProps } from "./MenuContent";

const MenuContent = lazy(() => import("./MenuContent"));

/** A button that opens a list of actions; until the menu is loaded the button alone. */
export function Menu(props: MenuProps) {
  return (
    <Suspense fallback={props.trigger}>
      <MenuContent {...props} />
    </Suspense>
  );
}
