import { Direction } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { TextsContext } from "./hooks";

/** Everything below it has the texts of the chosen language by `useTexts`; menus and tabs open and move as it is written. */
export function TextsProvider({ children }: { readonly children: ReactNode }) {
  const texts = useTranslation();
  return (
    <TextsContext value={texts}>
      <Direction.Provider dir={texts.i18n.dir()}>{children}</Direction.Provider>
    </TextsContext>
  );
}
