import { Direction } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { TextsContext } from "./hooks";

/** Provides the texts of the chosen language to `useTexts`, and its writing direction to menus and tabs. */
export function TextsProvider({ children }: { readonly children: ReactNode }) {
  const texts = useTranslation();
  return (
    <TextsContext value={texts}>
      <Direction.Provider dir={texts.i18n.dir()}>{children}</Direction.Provider>
    </TextsContext>
  );
}
