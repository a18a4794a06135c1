import { describe, expect, it } from "vitest";
import { byRole, canManageMember, rolesToGive } from "./roles";

describe("roles in a group", () => {
  it("let owners manage everyone", () => {
    expect(canManageMember("owner", "owner")).toBe(true);
    expect(rolesToGive("owner", "member")).toEqual(["admin", "owner"]);
  });

  it("let admins manage members only, and give no roles", () => {
    expect(canManageMember("admin", "member")).toBe(true);
    expect(canManageMember("admin", "admin")).toBe(false);
    expect(rolesToGive("admin", "member")).toEqual([]);
  });

  it("put owners first, then admins", () => {
    const members = (["member", "admin", "member", "owner"] as const).map((role, index) => ({
      userId: String(index),
      role,
      readMessageId: null,
    }));

    expect(byRole(members).map((member) => member.userId)).toEqual(["3", "1", "0", "2"]);
  });

  it("let members manage no one", () => {
    expect(canManageMember("member", "member")).toBe(false);
  });
});
