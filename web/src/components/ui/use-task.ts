import { useState } from "react";
import { errorText, fieldErrors } from "@/i18n/errors";
import { useTexts } from "@/i18n/hooks";
import { ChatlyError } from "@/lib/types";

/** Run one request at a time, and expose its progress and its failure. */
export function useTask() {
  const { t, i18n } = useTexts();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);

  /** Return whether the request succeeded. */
  const run = async (task: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setFailure(null);
    try {
      await task();
      return true;
    } catch (error) {
      setFailure(error);
      return false;
    } finally {
      setBusy(false);
    }
  };

  const fields = failure === null ? {} : fieldErrors(t, i18n.language, failure);
  const text = failure !== null && Object.keys(fields).length === 0 ? errorText(t, i18n.language, failure) : null;
  const reason = failure instanceof ChatlyError ? failure.reason : null;
  return { run, busy, reason, fields: fields as Readonly<Partial<Record<string, string>>>, text };
}
