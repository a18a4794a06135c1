import type { SettingsTab } from "@/features/settings/components/SettingsDialog";

/** The dialog that is open. */
export type Opened =
  { readonly kind: "new-chat" | "new-group" | "shortcuts" } | { readonly kind: "settings"; readonly tab: SettingsTab };
