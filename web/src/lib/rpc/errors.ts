/** Converts failed calls into ChatlyErrors, using the error details of the server. */

import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@/gen/google/rpc/error_details_pb";
import { ChatlyError } from "@/lib/types";

const RETRYABLE = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Aborted,
  // The codes that a browser sees when a server was killed or the edge is unreachable.
  Code.Unknown,
  Code.Internal,
]);

/** Reasons of UNAUTHENTICATED that new tokens do not fix. */
const FINAL = new Set(["SESSION_ENDED", "WRONG_CREDENTIALS", "REFRESH_TOKEN_REUSED"]);

/** Return any failure as a ChatlyError. Without a reason from the server it is `NETWORK`, or named by its status code. */
export function chatlyError(failure: unknown): ChatlyError {
  if (failure instanceof ChatlyError) return failure;
  // Connect wraps an error thrown by an interceptor, for example by a failed renewal of tokens.
  if (failure instanceof ConnectError && failure.cause instanceof ChatlyError) return failure.cause;
  const error = ConnectError.from(failure);
  const info = error.findDetails(ErrorInfoSchema)[0];
  const wait = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return new ChatlyError(info?.reason ?? reasonOf(error.code), error.rawMessage, {
    metadata: info?.metadata ?? {},
    fields: error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations),
    retryable: RETRYABLE.has(error.code),
    ...(wait ? { retryAfterMs: Number(wait.seconds) * 1000 + wait.nanos / 1e6 } : {}),
  });
}

function reasonOf(code: Code): string {
  switch (code) {
    case Code.Unauthenticated:
      return "TOKEN_EXPIRED";
    case Code.ResourceExhausted:
      return "RATE_LIMITED";
    case Code.DeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code.Canceled:
      return "CANCELED";
    default:
      return RETRYABLE.has(code) ? "NETWORK" : "INTERNAL";
  }
}

/** Say whether new tokens may help. */
export function needsNewToken(failure: unknown): boolean {
  return ConnectError.from(failure).code === Code.Unauthenticated && !FINAL.has(chatlyError(failure).reason);
}

/** Say whether the session has ended, so that only a new login helps. */
export function endsSession(error: ChatlyError): boolean {
  return ["SESSION_ENDED", "REFRESH_TOKEN_REUSED", "TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED"].includes(
    error.reason,
  );
}
