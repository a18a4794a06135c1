import i18next, { type i18n, type TFunction } from "i18next";
import { createContext, useCallback, useContext } from "react";
import { errorText } from "./errors";

interface Texts {
  readonly t: TFunction;
  readonly i18n: i18n;
}

/** Set by TextsProvider, whenever the language changes. */
export const TextsContext = createContext<Texts>({ t: i18next.t, i18n: i18next });

/** The texts of the page's language. A context is cheaper than the library's own hook, which copies its state per use. */
export function useTexts(): Texts {
  return useContext(TextsContext);
}

/** The language tag of the page, for Intl. */
export function useLanguage(): string {
  return useTexts().i18n.language;
}

/** Return a function that turns a failure into a message for the user. */
export function useErrorText(): (failure: unknown) => string {
  const { t, i18n } = useTexts();
  return useCallback((failure: unknown) => errorText(t, i18n.language, failure), [t, i18n.language]);
}
