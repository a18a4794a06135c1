import { type ChangeEvent, type SubmitEvent, useState } from "react";
import { errorText, fieldErrors } from "@/i18n/errors";
import { useTexts } from "@/i18n/hooks";
import { useActions } from "@/lib/hooks";

export type AuthMode = "login" | "register";
type Field = "username" | "email" | "password";
type Errors = Readonly<Partial<Record<string, string>>>;

/** State of the login form: values, error messages, and how to submit it. */
export function useAuthForm(mode: AuthMode) {
  const { t, i18n } = useTexts();
  const actions = useActions();
  const [values, setValues] = useState({ username: "", email: "", password: "" });
  const [errors, setErrors] = useState<Errors>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submitValues = async (): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      if (mode === "login") await actions.login(values.email.trim(), values.password);
      else await actions.register(values.username.trim(), values.email.trim(), values.password);
    } catch (error) {
      const found = fieldErrors(t, i18n.language, error);
      setErrors(found);
      if (Object.keys(found).length === 0) setFailure(errorText(t, i18n.language, error));
      setBusy(false);
    }
  };

  const bind = (field: Field) => ({
    name: field,
    value: values[field],
    required: true,
    onChange: (event: ChangeEvent<HTMLInputElement>) => {
      setValues({ ...values, [field]: event.target.value });
      setErrors({ ...errors, [field]: undefined });
    },
  });

  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const missing = missingFields(mode, values);
    setErrors(Object.fromEntries(missing.map((field) => [field, t(`fields.${field}`)])));
    if (missing.length === 0) void submitValues();
  };

  return { bind, submit, errors, failure, busy };
}

/** Return the empty fields. The server validates the rest. */
function missingFields(mode: AuthMode, values: Record<Field, string>): readonly Field[] {
  const fields: readonly Field[] = mode === "login" ? ["email", "password"] : ["username", "email", "password"];
  return fields.filter((field) => values[field].trim() === "");
}
