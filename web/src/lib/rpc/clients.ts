/** The services behind the edge, over gRPC-web in binary form. Tokens travel in httpOnly cookies: no code here sees one. */

import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AuthService } from "@/gen/chatly/auth/v1/auth_service_pb";
import { UserService } from "@/gen/chatly/auth/v1/user_service_pb";
import { MediaService } from "@/gen/chatly/media/v1/media_service_pb";
import { MessagingService } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import { PresenceService } from "@/gen/chatly/presence/v1/presence_service_pb";
import { chatlyError, needsNewToken } from "./errors";

export interface Clients {
  readonly auth: Client<typeof AuthService>;
  readonly users: Client<typeof UserService>;
  readonly messaging: Client<typeof MessagingService>;
  readonly presence: Client<typeof PresenceService>;
  readonly media: Client<typeof MediaService>;
}

/** For calls without an end: no deadline. */
export const NO_DEADLINE = { timeoutMs: 0 };

const DEADLINE_MS = 15_000;
/** Calls that are about tokens themselves must not ask for new ones. */
const ABOUT_TOKENS = new Set(["Login", "Register", "Refresh"]);

/** Clients of every service. `renew` gets new tokens; a call that lacked them is made once more after it. */
export function openClients({ baseUrl, renew }: { baseUrl: string; renew: () => Promise<void> }): Clients {
  const transport = createGrpcWebTransport({
    baseUrl,
    useBinaryFormat: true,
    defaultTimeoutMs: DEADLINE_MS,
    interceptors: [inOurWords, withNewTokens(renew)],
  });
  return clientsOver(transport);
}

export function clientsOver(transport: Transport): Clients {
  return {
    auth: createClient(AuthService, transport),
    users: createClient(UserService, transport),
    messaging: createClient(MessagingService, transport),
    presence: createClient(PresenceService, transport),
    media: createClient(MediaService, transport),
  };
}

/** Unary failures leave as ChatlyErrors. A stream's own are turned by who reads it. */
const inOurWords: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (failure) {
    throw chatlyErrorKeepingStreams(failure, request.stream);
  }
};

function chatlyErrorKeepingStreams(failure: unknown, stream: boolean): unknown {
  return stream ? failure : chatlyError(failure);
}

function withNewTokens(renew: () => Promise<void>): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (failure) {
      if (request.stream || ABOUT_TOKENS.has(request.method.name) || !needsNewToken(failure)) throw failure;
      await renew();
      return next(request);
    }
  };
}
