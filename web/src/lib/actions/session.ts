import { chatlyError, endsSession } from "@/lib/rpc/errors";
import { loginSessionOf, millis } from "@/lib/rpc/mapping";
import type { SessionActions } from "./types";
import type { ActionContext } from "./context";

export function sessionActions({ clients: { auth }, session }: ActionContext): SessionActions {
  const login = async (email: string, password: string) => {
    const answer = await auth.login({ email, password, deviceName: deviceName(), useCookies: true });
    session.begin({ userId: answer.userId, username: answer.username, expiresAt: millis(answer.expiresAt) ?? 0 });
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
        // Only a session that is over anyway may be left without the server's word: the cookies would stay.
        if (!endsSession(chatlyError(failure))) throw failure;
      }
      session.end(false);
    },
    async changePassword(currentPassword, newPassword) {
      await auth.changePassword({ currentPassword, newPassword });
    },
    async deleteAccount(password) {
      await auth.deleteAccount({ password });
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

/** As the list of sessions shows it, for example `Firefox on Linux`. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Edg|OPR|Firefox|Chrome|Safari/.exec(agent)?.[0] ?? "Browser";
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(agent)?.[0];
  const name = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return system === undefined ? name : `${name} on ${system}`;
}
