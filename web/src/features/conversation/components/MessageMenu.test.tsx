// @vitest-environment jsdom

import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startTexts } from "@/i18n";
import { TextsProvider } from "@/i18n/TextsProvider";
import type { Message } from "@/lib/types";
import { ME, aMessage } from "@/testing/builders";
import { type Opened, useMessageMenu } from "../hooks/use-message-menu";
import type { MessageCommands } from "../types";
import MessageMenu from "./MessageMenu";

// jsdom has none. A menu that has closed moves the focus a moment later.
vi.stubGlobal("CSS", { escape: (text: string) => text });

const message = aMessage(1, { senderId: ME });

/** The open menu of one's own message, and what was chosen in it. */
function show() {
  const chosen: string[] = [];
  const note = (what: string) => (about: Message) => void chosen.push(`${what} ${about.key}`);
  const commands: MessageCommands = {
    reply: note("reply"),
    edit: note("edit"),
    react: note("react"),
    copy: note("copy"),
    remove: note("remove"),
    retry: note("retry"),
    discard: note("discard"),
  };
  function List() {
    const [opened, setOpened] = useState<Opened | null>({ kind: "menu", message, x: 0, y: 0 });
    const menu = { ...useMessageMenu(() => message), opened, close: () => setOpened(null) };
    return <MessageMenu menu={menu} me={ME} commands={commands} />;
  }
  render(<List />, { wrapper: TextsProvider });
  return chosen;
}

describe("the menu of a message", () => {
  beforeAll(() => startTexts("en"));
  afterEach(() => (document.body.innerHTML = ""));

  it.each(["Reply", "Edit"])("begins what was chosen at once: who writes on is not faster (%s)", (name) => {
    const chosen = show();

    fireEvent.click(screen.getByText(name));

    expect(chosen).toEqual([`${name.toLowerCase()} ${message.key}`]);
    expect(screen.queryByRole("menu")).toBeNull();
  });
});
