import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "./errors";

/** The tag of the page's language, for Intl. */
export function useLanguage(): string {
  return useTranslation().i18n.language;
}

/** Turns a failure into a sentence. */
export function useErrorText(): (failure: unknown) => string {
  const { t, i18n } = useTranslation();
  return useCallback((failure: unknown) => errorText(t, i18n.language, failure), [t, i18n.language]);
}
