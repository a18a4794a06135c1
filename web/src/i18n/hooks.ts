import i18next, { type i18n, type TFunction } from "i18next";
import { createContext, useCallback, useContext } from "react";
import { errorText } from "./errors";

interface Texts {
  readonly t: TFunction;
  readonly i18n: i18n;
}

/** Given by TextsProvider, again whenever the language changes. */
export const TextsContext = createContext<Texts>({ t: i18next.t, i18n: i18next });

/** The texts of the page's language. The library's own hook copies all of itself for each component that asks. */
export function useTexts(): Texts {
  return useContext(TextsContext);
}

/** The tag of the page's language, for Intl. */
export function useLanguage(): string {
  return useTexts().i18n.language;
}

/** Turns a failure into a sentence. */
export function useErrorText(): (failure: unknown) => string {
  const { t, i18n } = useTexts();
  return useCallback((failure: unknown) => errorText(t, i18n.language, failure), [t, i18n.language]);
}
