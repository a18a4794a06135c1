/** What went wrong, from the details that every failed call carries. */

import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@/gen/google/rpc/error_details_pb";
import { ChatlyError } from "@/lib/types";

const RETRYABLE = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Aborted,
  // How a browser sees a server that was killed, or an edge that is gone.
  Code.Unknown,
  Code.Internal,
]);

/** Unauthenticated for good; the other reasons are mended by new tokens. */
const FINAL = new Set(["SESSION_ENDED", "WRONG_CREDENTIALS", "REFRESH_TOKEN_REUSED"]);

/** Any failure as a ChatlyError; one without a reason of the server is `NETWORK` or named by its status code. */
export function chatlyError(failure: unknown): ChatlyError {
  if (failure instanceof ChatlyError) return failure;
  // What an interceptor throws, for example because there are no new tokens, comes wrapped.
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

/** Whether new tokens may help. */
export function needsNewToken(failure: unknown): boolean {
  return ConnectError.from(failure).code === Code.Unauthenticated && !FINAL.has(chatlyError(failure).reason);
}

/** Whether the session is over, so that only a login helps. */
export function endsSession(error: ChatlyError): boolean {
  return ["SESSION_ENDED", "REFRESH_TOKEN_REUSED", "TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED"].includes(
    error.reason,
  );
}
