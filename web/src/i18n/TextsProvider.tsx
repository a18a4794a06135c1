import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { TextsContext } from "./hooks";

/** Everything below it has the texts of the chosen language by `useTexts`. */
export function TextsProvider({ children }: { readonly children: ReactNode }) {
  return <TextsContext value={useTranslation()}>{children}</TextsContext>;
}
