import type { SettingsTab } from "@/features/settings/components/SettingsDialog";

/** The open dialog. */
export type OpenDialog =
  { readonly kind: "new-chat" | "new-group" | "shortcuts" } | { readonly kind: "settings"; readonly tab: SettingsTab };
