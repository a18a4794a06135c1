import type { ComponentProps, ReactElement, ReactNode } from "react";

/** A button that opens something. */
export type Trigger = ReactElement<ComponentProps<"button">>;

export interface MenuItem {
  readonly key: string;
  readonly label: string;
  readonly icon?: ReactNode;
  readonly danger?: boolean;
  readonly onSelect: () => void;
}
