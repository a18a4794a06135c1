/** Error messages in the language of the page, by the error's reason and field names. */

import type { TFunction } from "i18next";
import { ChatlyError } from "@/lib/types";
import { en } from "./en";
import { formatSize } from "./format";

type Reason = keyof typeof en.errors;
type Field = keyof typeof en.fields;

/** The form field of each reason that concerns exactly one. */
const FIELD_OF: Readonly<Record<string, string>> = {
  EMAIL_TAKEN: "email",
  USERNAME_TAKEN: "username",
  PASSWORD_TOO_LONG: "password",
};

export function errorText(t: TFunction, language: string, failure: unknown): string {
  if (!(failure instanceof ChatlyError)) return t("errors.UNKNOWN");
  const { metadata = {}, fields = [] } = failure.details;
  const first = fields[0];
  if (failure.reason === "INVALID_FIELD" && first) return fieldText(t, first);
  const bytes = Number(metadata.limit_bytes);
  const limit =
    failure.reason === "FILE_TOO_LARGE" && bytes > 0
      ? formatSize(bytes, language)
      : (metadata.limit ?? metadata.limit_bytes ?? "");
  return t(`errors.${reasonOf(failure.reason)}`, { limit, type: metadata.detected_type ?? "?" });
}

/** Return error messages by field name; empty if the failure concerns no field. */
export function fieldErrors(t: TFunction, language: string, failure: unknown): Readonly<Record<string, string>> {
  if (!(failure instanceof ChatlyError)) return {};
  const field = FIELD_OF[failure.reason];
  if (field) return { [field]: errorText(t, language, failure) };
  return Object.fromEntries(
    (failure.details.fields ?? []).map((violation) => [violation.field, fieldText(t, violation)]),
  );
}

function fieldText(t: TFunction, violation: { field: string; description: string }): string {
  return violation.field in en.fields
    ? t(`fields.${violation.field as Field}`, { limit: "4000" })
    : violation.description;
}

function reasonOf(reason: string): Reason {
  return reason in en.errors ? (reason as Reason) : "UNKNOWN";
}
