// @vitest-environment jsdom

import { act, fireEvent, render, screen } from "@testing-library/react";
import { type ComponentType, type ReactNode, useState } from "react";
import { afterEach, describe, expect, it } from "vitest";
import { lazyComponent } from "./lazy-component";
import { Opener } from "./Opener";

interface MenuProps {
  readonly open: boolean;
  readonly trigger: ReactNode;
}

function Loaded({ open, trigger }: MenuProps) {
  return (
    <>
      {trigger}
      {open && <p>the menu</p>}
    </>
  );
}

/** Render a button whose menu loads when the test calls `finishLoading`. */
function show() {
  let load: (module: { default: ComponentType<MenuProps> }) => void = () => undefined;
  const loaded = new Promise<{ default: ComponentType<MenuProps> }>((resolve) => (load = resolve));
  const Content = lazyComponent(() => loaded);
  const Button = () => {
    const [open, setOpen] = useState(false);
    return (
      <Opener trigger={<button>More</button>} popup="menu" open={open} onOpenChange={setOpen}>
        {(trigger) => <Content open={open} trigger={trigger} />}
      </Opener>
    );
  };
  render(<Button />);
  const finishLoading = () =>
    act(async () => {
      load({ default: Loaded });
      await loaded;
    });
  return { finishLoading };
}

describe("a button with a menu that is not loaded yet", () => {
  afterEach(() => (document.body.innerHTML = ""));

  it("remembers a click, and opens the menu once it is loaded", async () => {
    const { finishLoading } = show();
    fireEvent.click(screen.getByRole("button"));
    expect(screen.getByRole("button").getAttribute("aria-expanded")).toBe("true");
    await finishLoading();

    expect(screen.queryByText("the menu")).not.toBeNull();
  });

  it("opens the menu although it loads before the button is released", async () => {
    const { finishLoading } = show();
    fireEvent.pointerDown(screen.getByRole("button"), { button: 0, pointerType: "mouse" });
    await finishLoading();

    expect(screen.queryByText("the menu")).not.toBeNull();
  });

  it("counts a press and its click once, and a key after a press that was released elsewhere", async () => {
    const { finishLoading } = show();
    const button = screen.getByRole("button");
    fireEvent.pointerDown(button, { button: 0, pointerType: "mouse" });
    fireEvent.click(button);
    expect(button.getAttribute("aria-expanded")).toBe("true");
    fireEvent.pointerDown(button, { button: 0, pointerType: "mouse" });
    fireEvent.keyDown(button, { key: "Enter" });
    fireEvent.click(button);
    await finishLoading();

    expect(screen.queryByText("the menu")).not.toBeNull();
  });

  it("opens nothing after a second click", async () => {
    const { finishLoading } = show();
    fireEvent.click(screen.getByRole("button"));
    fireEvent.click(screen.getByRole("button"));
    await finishLoading();

    expect(screen.queryByText("the menu")).toBeNull();
  });

  it("keeps the focus", async () => {
    const { finishLoading } = show();
    act(() => screen.getByRole("button").focus());
    await finishLoading();

    expect(document.activeElement).toBe(screen.getByRole("button"));
  });
});
