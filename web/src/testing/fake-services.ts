/** In-memory services behind the real clients. Methods that are not given fail with UNIMPLEMENTED. */

import { type ServiceImpl, createRouterTransport } from "@connectrpc/connect";
import { AuthService } from "@/gen/chatly/auth/v1/auth_service_pb";
import { UserService } from "@/gen/chatly/auth/v1/user_service_pb";
import { MediaService } from "@/gen/chatly/media/v1/media_service_pb";
import { MessagingService } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import { PresenceService } from "@/gen/chatly/presence/v1/presence_service_pb";
import { type Clients, clientsOver, nameUser, renewTokens } from "@/lib/rpc/clients";

export interface Services {
  readonly auth?: Partial<ServiceImpl<typeof AuthService>>;
  readonly users?: Partial<ServiceImpl<typeof UserService>>;
  readonly messaging?: Partial<ServiceImpl<typeof MessagingService>>;
  readonly presence?: Partial<ServiceImpl<typeof PresenceService>>;
  readonly media?: Partial<ServiceImpl<typeof MediaService>>;
}

export interface Tokens {
  readonly renew?: () => Promise<void>;
  readonly onSessionEnded?: () => void;
  readonly userId?: () => string | null;
}

export function clientsOf(services: Services, { renew, onSessionEnded, userId }: Tokens = {}): Clients {
  const tokens = renewTokens(renew ?? (() => Promise.resolve()), onSessionEnded ?? (() => undefined));
  return clientsOver(
    createRouterTransport(
      (router) => {
        router.service(AuthService, services.auth ?? {});
        router.service(UserService, services.users ?? {});
        router.service(MessagingService, services.messaging ?? {});
        router.service(PresenceService, services.presence ?? {});
        router.service(MediaService, services.media ?? {});
      },
      { transport: { interceptors: [nameUser(userId ?? (() => null)), tokens] } },
    ),
  );
}
