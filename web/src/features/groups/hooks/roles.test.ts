import { describe, expect, it } from "vitest";
import { canManageMember, rolesToGive } from "./roles";

describe("roles in a group", () => {
  it("let owners decide about everybody", () => {
    expect(canManageMember("owner", "owner")).toBe(true);
    expect(rolesToGive("owner", "member")).toEqual(["admin", "owner"]);
  });

  it("let admins decide about members only, and give no roles", () => {
    expect(canManageMember("admin", "member")).toBe(true);
    expect(canManageMember("admin", "admin")).toBe(false);
    expect(rolesToGive("admin", "member")).toEqual([]);
  });

  it("let members decide about nobody", () => {
    expect(canManageMember("member", "member")).toBe(false);
  });
});
