/** Permissions in a group, to decide which controls to show. The server enforces them. */

import type { Chat, Member, Role, UserId } from "@/lib/types";

export function roleOf(chat: Chat, userId: UserId): Role {
  return chat.members.find((member) => member.userId === userId)?.role ?? null;
}

const RANKS = ["owner", "admin", "member"];

/** Sort owners first, then admins, then the others. */
export function byRole(members: readonly Member[]): readonly Member[] {
  return members.toSorted((a, b) => RANKS.indexOf(a.role ?? "member") - RANKS.indexOf(b.role ?? "member"));
}

export function canManage(role: Role): boolean {
  return role === "admin" || role === "owner";
}

/** Owners manage everyone; admins manage plain members. */
export function canManageMember(mine: Role, theirs: Role): boolean {
  return mine === "owner" || (mine === "admin" && theirs === "member");
}

/** Return the roles that a member with role `mine` can give to another. */
export function rolesToGive(mine: Role, theirs: Role): readonly ("member" | "admin" | "owner")[] {
  if (mine !== "owner") return [];
  return (["member", "admin", "owner"] as const).filter((role) => role !== theirs);
}
