import { chatlyError, endsSession } from "@/lib/rpc/errors";
import { loginSessionOf, millis } from "@/lib/rpc/mapping";
import type { SessionActions } from "./types";
import type { ActionContext } from "./context";

export function sessionActions({ clients: { auth }, session }: ActionContext): SessionActions {
  const login = async (email: string, password: string) => {
    const response = await auth.login({ email, password, deviceName: deviceName(), useCookies: true });
    session.begin({ userId: response.userId, username: response.username, expiresAt: millis(response.expiresAt) ?? 0 });
  };
  return {
    login,
    async register(username, email, password) {
      await auth.register({ username, email, password });
      await login(email, password);
    },
    async logout() {
      try {
        await auth.logout({});
      } catch (failure) {
        // Only the server deletes the cookies, so a logout that did not reach it fails, unless the session has ended.
        if (!endsSession(chatlyError(failure))) throw failure;
      }
      session.end(false);
    },
    async changePassword(currentPassword, newPassword) {
      await auth.changePassword({ currentPassword, newPassword });
    },
    async deleteAccount(password, deleteMessages) {
      await auth.deleteAccount({ password, deleteMessages });
      session.end(false);
    },
    async listSessions() {
      return (await auth.listSessions({})).sessions.map(loginSessionOf);
    },
    async revokeSession(sessionId) {
      await auth.revokeSession({ sessionId });
    },
  };
}

/** Return the name for the list of sessions, for example `Firefox on Linux`. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Edg|OPR|Firefox|Chrome|Safari/.exec(agent)?.[0] ?? "Browser";
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(agent)?.[0];
  const name = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return system === undefined ? name : `${name} on ${system}`;
}
