/** Clients of the services behind the edge, over binary gRPC-web. Tokens travel in httpOnly cookies that no code here sees. */

import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AuthService } from "@/gen/chatly/auth/v1/auth_service_pb";
import { UserService } from "@/gen/chatly/auth/v1/user_service_pb";
import { MediaService } from "@/gen/chatly/media/v1/media_service_pb";
import { MessagingService } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import { PresenceService } from "@/gen/chatly/presence/v1/presence_service_pb";
import type { UserId } from "@/lib/types";
import { chatlyError, needsNewToken } from "./errors";

export interface Clients {
  readonly auth: Client<typeof AuthService>;
  readonly users: Client<typeof UserService>;
  readonly messaging: Client<typeof MessagingService>;
  readonly presence: Client<typeof PresenceService>;
  readonly media: Client<typeof MediaService>;
}

/** For streams that stay open. */
export const NO_DEADLINE = { timeoutMs: 0 };

const DEADLINE_MS = 15_000;
/** Calls that create tokens must not renew them. */
const CREATE_TOKENS = new Set(["Login", "Register", "Refresh"]);

export interface ClientsOptions {
  readonly baseUrl: string;
  /** The user that this tab shows: the server refuses its calls once the session belongs to somebody else. */
  readonly userId: () => UserId | null;
  /** Renews the tokens. A call that failed without valid ones is made again after it. */
  readonly renew: () => Promise<void>;
  /** A call failed because the session has ended. */
  readonly onSessionEnded: () => void;
}

export function openClients({ baseUrl, userId, renew, onSessionEnded }: ClientsOptions): Clients {
  const transport = createGrpcWebTransport({
    baseUrl,
    useBinaryFormat: true,
    defaultTimeoutMs: DEADLINE_MS,
    interceptors: [nameUser(userId), renewTokens(renew, onSessionEnded)],
  });
  return clientsOver(transport);
}

export function clientsOver(transport: Transport): Clients {
  return {
    auth: withChatlyErrors(AuthService, transport),
    users: withChatlyErrors(UserService, transport),
    messaging: withChatlyErrors(MessagingService, transport),
    presence: withChatlyErrors(PresenceService, transport),
    media: withChatlyErrors(MediaService, transport),
  };
}

type Call = (...parameters: unknown[]) => Promise<unknown>;

/** Return a client whose unary calls reject with ChatlyErrors. Readers of streams convert the failures themselves. */
function withChatlyErrors<S extends DescService>(service: S, transport: Transport): Client<S> {
  const client = createClient(service, transport);
  const calls = client as Record<string, Call>;
  for (const { localName, methodKind } of service.methods) {
    const call = calls[localName];
    if (methodKind !== "unary" || call === undefined) continue;
    calls[localName] = (...parameters) =>
      call(...parameters).catch((failure: unknown) => {
        throw chatlyError(failure);
      });
  }
  return client;
}

/** Name the user in every call: cookies are shared by all tabs, and another tab may have logged in as somebody else. */
export function nameUser(userId: () => UserId | null): Interceptor {
  return (next) => (request) => {
    const user = userId();
    if (user !== null) request.header.set("x-chatly-user", user);
    return next(request);
  };
}

export function renewTokens(renew: () => Promise<void>, onSessionEnded: () => void): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (failure) {
      if (request.stream || CREATE_TOKENS.has(request.method.name)) throw failure;
      if (chatlyError(failure).reason === "SESSION_ENDED") onSessionEnded();
      if (!needsNewToken(failure)) throw failure;
      await renew();
      return next(request);
    }
  };
}
