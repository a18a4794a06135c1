// @vitest-environment jsdom

import { act, fireEvent, render, screen } from "@testing-library/react";
import { type ComponentType, type ReactNode, useState } from "react";
import { afterEach, describe, expect, it } from "vitest";
import { later } from "./lazy-component";
import { Opener } from "./Opener";

interface Part {
  readonly open: boolean;
  readonly trigger: ReactNode;
}

function Loaded({ open, trigger }: Part) {
  return (
    <>
      {trigger}
      {open && <p>the menu</p>}
    </>
  );
}

/** A button whose part is loaded when the test says so. */
function show() {
  let load: (part: { default: ComponentType<Part> }) => void = () => undefined;
  const loaded = new Promise<{ default: ComponentType<Part> }>((resolve) => (load = resolve));
  const Content = later(() => loaded);
  const Button = () => {
    const [open, setOpen] = useState(false);
    return (
      <Opener trigger={<button>More</button>} popup="menu" open={open} onOpenChange={setOpen}>
        {(trigger) => <Content open={open} trigger={trigger} />}
      </Opener>
    );
  };
  render(<Button />);
  const arrive = () =>
    act(async () => {
      load({ default: Loaded });
      await loaded;
    });
  return { arrive };
}

describe("a button whose menu is not loaded yet", () => {
  afterEach(() => (document.body.innerHTML = ""));

  it("keeps a click, and opens when it is there", async () => {
    const { arrive } = show();
    fireEvent.click(screen.getByRole("button"));
    expect(screen.getByRole("button").getAttribute("aria-expanded")).toBe("true");
    await arrive();

    expect(screen.queryByText("the menu")).not.toBeNull();
  });

  it("opens although it comes before the button is let go", async () => {
    const { arrive } = show();
    fireEvent.pointerDown(screen.getByRole("button"), { button: 0, pointerType: "mouse" });
    await arrive();

    expect(screen.queryByText("the menu")).not.toBeNull();
  });

  it("counts a press and its click once, and a key after a press that was let go elsewhere", async () => {
    const { arrive } = show();
    const button = screen.getByRole("button");
    fireEvent.pointerDown(button, { button: 0, pointerType: "mouse" });
    fireEvent.click(button);
    expect(button.getAttribute("aria-expanded")).toBe("true");
    fireEvent.pointerDown(button, { button: 0, pointerType: "mouse" });
    fireEvent.keyDown(button, { key: "Enter" });
    fireEvent.click(button);
    await arrive();

    expect(screen.queryByText("the menu")).not.toBeNull();
  });

  it("opens nothing that was not asked for, nor what was taken back", async () => {
    const { arrive } = show();
    fireEvent.click(screen.getByRole("button"));
    fireEvent.click(screen.getByRole("button"));
    await arrive();

    expect(screen.queryByText("the menu")).toBeNull();
  });

  it("keeps the focus", async () => {
    const { arrive } = show();
    act(() => screen.getByRole("button").focus());
    await arrive();

    expect(document.activeElement).toBe(screen.getByRole("button"));
  });
});
