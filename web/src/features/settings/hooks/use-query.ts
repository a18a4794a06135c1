import { useCallback, useEffect, useState } from "react";
import { useErrorText } from "@/i18n/hooks";

/** What the server answers to a question asked when this is first shown, and again by `ask`. */
export function useAsked<T>(question: () => Promise<T>) {
  const errorText = useErrorText();
  const [answer, setAnswer] = useState<T | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const ask = useCallback(() => {
    question().then(
      (found) => {
        setAnswer(() => found);
        setFailure(null);
      },
      (problem: unknown) => setFailure(errorText(problem)),
    );
  }, [question, errorText]);
  useEffect(ask, [ask]);
  return { answer, failure, ask };
}
