import { Fragment, memo } from "react";
import styles from "./Markdown.module.css";
import { type Block, type Inline, parseMarkdown } from "./parse";

/** A message's text as React elements; it can never become HTML. */
export const Markdown = memo(function Markdown({ text }: { readonly text: string }) {
  return (
    <div className={styles.markdown} dir="auto">
      {parseMarkdown(text).map((block, index) => (
        <Fragment key={index}>{renderBlock(block)}</Fragment>
      ))}
    </div>
  );
});

function renderBlock(block: Block) {
  if (block.kind === "code-block") {
    return (
      <pre dir="ltr">
        <code>{block.text}</code>
      </pre>
    );
  }
  return <p>{renderAll(block.children)}</p>;
}

function renderAll(nodes: readonly Inline[]) {
  return nodes.map((node, index) => <Fragment key={index}>{render(node)}</Fragment>);
}

function render(node: Inline) {
  switch (node.kind) {
    case "text":
      return node.text;
    case "code":
      return <code dir="ltr">{node.text}</code>;
    case "bold":
      return <strong>{renderAll(node.children)}</strong>;
    case "italic":
      return <em>{renderAll(node.children)}</em>;
    case "strike":
      return <s>{renderAll(node.children)}</s>;
    case "link":
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow">
          {renderAll(node.children)}
        </a>
      );
  }
}
