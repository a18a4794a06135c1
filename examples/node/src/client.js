// Calls the services as one logged-in user, with deadlines. Calls survive a lost connection and refresh the access
// token.
import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import { chatly } from "./protos.js";

const PASSWORD = "chatly-example";
const CALL_MS = 10_000;
const RETRY_MS = 60_000;
// Codes of an unreachable connection or server. The code depends on when the connection broke.
const { UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN } = grpc.status;
const RETRYABLE = [UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN];

/** Returns a stub of a service with its own connection and keep-alive, which notices a dead network. */
export function connect(Service, edge) {
  return new Service(edge, grpc.credentials.createInsecure(), {
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.use_local_subchannel_pool": 1,
  });
}

export const deadline = (ms) => new Date(Date.now() + ms);

/** Calls the four services as one user. Close it after use. */
export class Client {
  #refreshToken;
  #refreshing;

  constructor(edge) {
    this.token = "";
    this.auth = connect(chatly.auth.v1.AuthService, edge);
    this.users = connect(chatly.auth.v1.UserService, edge);
    this.messaging = connect(chatly.messaging.v1.MessagingService, edge);
    this.media = connect(chatly.media.v1.MediaService, edge);
  }

  /** Registers, if the account does not exist, and logs in. */
  async join(name) {
    const email = `${name}@example.com`;
    try {
      await this.#attempt(this.auth, "Register", { username: name, email, password: PASSWORD });
    } catch (error) {
      if (error.code !== grpc.status.ALREADY_EXISTS) throw error;
    }
    const session = await this.#attempt(this.auth, "Login", { email, password: PASSWORD, device_name: "Node example" });
    this.name = session.username;
    this.userId = session.user_id;
    this.#keep(session);
  }

  /** Returns the user_id of the account `name`. */
  async find(name) {
    const { users } = await this.call(this.users, "SearchUsers", { query: name });
    const found = users.find((user) => user.username === name);
    if (!found) throw new Error(`no user is named ${name}`);
    return found.user_id;
  }

  /**
   * Makes one unary call, with a new token if the current one is rejected. `retry` only calls that are safe to repeat.
   * A send is safe because its client_message_id identifies it.
   */
  async call(service, method, request, { retry = true } = {}) {
    const token = this.token;
    try {
      return await this.#attempt(service, method, request, retry);
    } catch (error) {
      if (error.code !== grpc.status.UNAUTHENTICATED) throw error;
    }
    await this.refresh(token);
    return this.#attempt(service, method, request, retry);
  }

  /** Exchanges the refresh token for new tokens, unless another call did so after the token `refused` was used. */
  async refresh(refused) {
    if (refused !== this.token) return;
    this.#refreshing ??= this.#attempt(this.auth, "Refresh", { refresh_token: this.#refreshToken })
      .then((session) => this.#keep(session))
      .finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  /** Returns the metadata of a call. */
  metadata() {
    const metadata = new grpc.Metadata();
    metadata.set("authorization", `Bearer ${this.token}`);
    return metadata;
  }

  close() {
    for (const service of [this.auth, this.users, this.messaging, this.media]) service.close();
  }

  #keep({ token, refresh_token }) {
    this.token = token;
    this.#refreshToken = refresh_token;
  }

  async #attempt(service, method, request, retry = true) {
    const giveUp = Date.now() + RETRY_MS;
    for (let delay = 100; ; delay = Math.min(delay * 2, 2_000)) {
      try {
        return await this.#try(service, method, request);
      } catch (error) {
        if (!retry || !RETRYABLE.includes(error.code) || Date.now() > giveUp) throw error;
      }
      await sleep(delay);
    }
  }

  #try(service, method, request) {
    return new Promise((resolve, reject) => {
      service[method](request, this.metadata(), { deadline: deadline(CALL_MS) }, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  }
}
