import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@/gen/google/rpc/error_details_pb";
import { clientsOf } from "@/testing/fake-services";
import { ChatlyError } from "@/lib/types";
import { chatlyError } from "./errors";

function failure(code: Code, reason: string, metadata: Record<string, string> = {}): ConnectError {
  return new ConnectError("no", code, undefined, [
    { desc: ErrorInfoSchema, value: { reason, domain: "chatly", metadata } },
  ]);
}

describe("failures", () => {
  it("contain the reason, metadata, fields and retry delay of the server", () => {
    const error = chatlyError(
      new ConnectError("no", Code.ResourceExhausted, undefined, [
        { desc: ErrorInfoSchema, value: { reason: "RATE_LIMITED", metadata: { limit: "5" } } },
        { desc: BadRequestSchema, value: { fieldViolations: [{ field: "text", description: "too long" }] } },
        { desc: RetryInfoSchema, value: { retryDelay: { seconds: 2n, nanos: 500_000_000 } } },
      ]),
    );

    expect(error.reason).toBe("RATE_LIMITED");
    expect(error.details).toMatchObject({ metadata: { limit: "5" }, retryable: true, retryAfterMs: 2_500 });
    expect(error.details.fields).toMatchObject([{ field: "text", description: "too long" }]);
  });

  it("without a response are NETWORK, and retryable", () => {
    const error = chatlyError(new TypeError("fetch failed"));

    expect([error.reason, error.details.retryable]).toEqual(["NETWORK", true]);
  });

  it("that are final are not retryable", () => {
    expect(chatlyError(failure(Code.PermissionDenied, "BLOCKED")).details.retryable).toBe(false);
  });
});

describe("a call whose token has expired", () => {
  it("is made again after a renewal", async () => {
    const calls: string[] = [];
    let fresh = false;
    const getMe = () => {
      calls.push("getMe");
      if (!fresh) throw failure(Code.Unauthenticated, "TOKEN_EXPIRED");
      return { user: { username: "ada" } };
    };
    const renew = () => {
      calls.push("renew");
      fresh = true;
      return Promise.resolve();
    };

    const answer = await clientsOf({ users: { getMe } }, { renew }).users.getMe({});

    expect(answer.user?.username).toBe("ada");
    expect(calls).toEqual(["getMe", "renew", "getMe"]);
  });

  it("names the user that the tab shows", async () => {
    const users: (string | null)[] = [];
    const getMe = (_: object, { requestHeader }: { requestHeader: Headers }) => {
      users.push(requestHeader.get("x-chatly-user"));
      throw failure(Code.Unauthenticated, "TOKEN_OF_OTHER_USER");
    };
    const renew = () => Promise.reject(new ChatlyError("TOKEN_OF_OTHER_USER", "other", { retryable: true }));
    const clients = clientsOf({ users: { getMe } }, { renew, userId: () => "me" });

    await expect(clients.users.getMe({})).rejects.toMatchObject({ reason: "TOKEN_OF_OTHER_USER" });
    expect(users).toEqual(["me"]);
  });

  it("fails like the renewal", async () => {
    const getMe = () => {
      throw failure(Code.Unauthenticated, "TOKEN_EXPIRED");
    };
    const renew = () => Promise.reject(new ChatlyError("REFRESH_TOKEN_REUSED", "ended"));

    await expect(clientsOf({ users: { getMe } }, { renew }).users.getMe({})).rejects.toMatchObject({
      reason: "REFRESH_TOKEN_REUSED",
    });
  });

  it("is not made a third time", async () => {
    let calls = 0;
    const getMe = () => {
      calls++;
      throw failure(Code.Unauthenticated, "TOKEN_EXPIRED");
    };

    await expect(clientsOf({ users: { getMe } }).users.getMe({})).rejects.toMatchObject({ reason: "TOKEN_EXPIRED" });
    expect(calls).toBe(2);
  });

  it("is not made again after a wrong password or the end of the session, which is reported", async () => {
    let [renewed, ended] = [0, 0];
    const tokens = {
      renew: () => {
        renewed++;
        return Promise.resolve();
      },
      onSessionEnded: () => ended++,
    };
    const login = () => {
      throw failure(Code.Unauthenticated, "WRONG_CREDENTIALS");
    };
    const getMe = () => {
      throw failure(Code.Unauthenticated, "SESSION_ENDED");
    };
    const clients = clientsOf({ auth: { login }, users: { getMe } }, tokens);

    await expect(clients.auth.login({})).rejects.toMatchObject({ reason: "WRONG_CREDENTIALS" });
    expect(ended).toBe(0);
    await expect(clients.users.getMe({})).rejects.toMatchObject({ reason: "SESSION_ENDED" });
    expect([renewed, ended]).toEqual([0, 1]);
  });
});
