/** Who may do what in a group, as far as it decides what is shown; the server judges. */

import type { Chat, Member, Role, UserId } from "@/lib/types";

export function roleOf(chat: Chat, userId: UserId): Role {
  return chat.members.find((member) => member.userId === userId)?.role ?? null;
}

const RANKS = ["owner", "admin", "member"];

/** Owners first, then admins, then the others. */
export function byRole(members: readonly Member[]): readonly Member[] {
  return members.toSorted((a, b) => RANKS.indexOf(a.role ?? "member") - RANKS.indexOf(b.role ?? "member"));
}

export function canManage(role: Role): boolean {
  return role === "admin" || role === "owner";
}

/** Owners decide about everybody, admins about plain members. */
export function canManageMember(mine: Role, theirs: Role): boolean {
  return mine === "owner" || (mine === "admin" && theirs === "member");
}

/** The roles that somebody of this role can give to another. */
export function rolesToGive(mine: Role, theirs: Role): readonly ("member" | "admin" | "owner")[] {
  if (mine !== "owner") return [];
  return (["member", "admin", "owner"] as const).filter((role) => role !== theirs);
}
