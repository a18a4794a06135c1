// @vitest-environment jsdom

import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startTexts } from "@/i18n";
import { TextsProvider } from "@/i18n/TextsProvider";
import type { Message } from "@/lib/types";
import { ME, aMessage } from "@/testing/builders";
import { type OpenMenu, useMessageMenu } from "../hooks/use-message-menu";
import type { MessageCommands } from "../types";
import MessageMenu from "./MessageMenu";

// jsdom has no CSS.escape, which the closed menu uses to move the focus.
vi.stubGlobal("CSS", { escape: (text: string) => text });

const message = aMessage(1, { senderId: ME });

/** Open the menu of an own message; return the commands that were chosen. */
function show() {
  const chosen: string[] = [];
  const record = (command: string) => (target: Message) => void chosen.push(`${command} ${target.key}`);
  const commands: MessageCommands = {
    reply: record("reply"),
    edit: record("edit"),
    react: record("react"),
    copy: record("copy"),
    remove: record("remove"),
    retry: record("retry"),
    discard: record("discard"),
  };
  function List() {
    const [opened, setOpened] = useState<OpenMenu | null>({ kind: "menu", message, x: 0, y: 0 });
    const menu = { ...useMessageMenu(() => message), opened, close: () => setOpened(null) };
    return <MessageMenu menu={menu} me={ME} commands={commands} />;
  }
  render(<List />, { wrapper: TextsProvider });
  return chosen;
}

describe("the menu of a message", () => {
  beforeAll(() => startTexts("en"));
  afterEach(() => (document.body.innerHTML = ""));

  it.each(["Reply", "Edit"])("runs %s at once, before the next key press", (name) => {
    const chosen = show();

    fireEvent.click(screen.getByText(name));

    expect(chosen).toEqual([`${name.toLowerCase()} ${message.key}`]);
    expect(screen.queryByRole("menu")).toBeNull();
  });
});
