/** The services behind the edge, over gRPC-web in binary form. Tokens travel in httpOnly cookies: no code here sees one. */

import type { DescService } from "@bufbuild/protobuf";
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

export interface ClientsOptions {
  readonly baseUrl: string;
  /** Gets new tokens; a call that lacked them is made once more after it. */
  readonly renew: () => Promise<void>;
  /** A call was told that its session is over. */
  readonly onSessionOver: () => void;
}

/** Clients of every service. */
export function openClients({ baseUrl, renew, onSessionOver }: ClientsOptions): Clients {
  const transport = createGrpcWebTransport({
    baseUrl,
    useBinaryFormat: true,
    defaultTimeoutMs: DEADLINE_MS,
    interceptors: [withNewTokens(renew, onSessionOver)],
  });
  return clientsOver(transport);
}

export function clientsOver(transport: Transport): Clients {
  return {
    auth: inOurWords(AuthService, transport),
    users: inOurWords(UserService, transport),
    messaging: inOurWords(MessagingService, transport),
    presence: inOurWords(PresenceService, transport),
    media: inOurWords(MediaService, transport),
  };
}

type Call = (...parameters: unknown[]) => Promise<unknown>;

/** A client whose unary calls reject with ChatlyErrors. A stream's failures are turned by who reads it. */
function inOurWords<S extends DescService>(service: S, transport: Transport): Client<S> {
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

export function withNewTokens(renew: () => Promise<void>, onSessionOver: () => void): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (failure) {
      if (request.stream || ABOUT_TOKENS.has(request.method.name)) throw failure;
      if (chatlyError(failure).reason === "SESSION_ENDED") onSessionOver();
      if (!needsNewToken(failure)) throw failure;
      await renew();
      return next(request);
    }
  };
}
