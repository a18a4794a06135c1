import { useCallback, useEffect, useState } from "react";
import { useErrorText } from "@/i18n/hooks";

/** Load data from the server when the component mounts, and again with `reload`. */
export function useQuery<T>(load: () => Promise<T>) {
  const errorText = useErrorText();
  const [data, setData] = useState<T | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const reload = useCallback(() => {
    load().then(
      (loaded) => {
        setData(() => loaded);
        setFailure(null);
      },
      (error: unknown) => setFailure(errorText(error)),
    );
  }, [load, errorText]);
  useEffect(reload, [reload]);
  return { data, failure, reload };
}
