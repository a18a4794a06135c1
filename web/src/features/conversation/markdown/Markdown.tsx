import { Fragment, memo } from "react";
import styles from "./Markdown.module.css";
import { type Block, type Inline, parseMarkdown } from "./parse";

/** A message's text, drawn as React elements: nothing in it can become HTML. */
export const Markdown = memo(function Markdown({ text }: { readonly text: string }) {
  return (
    <div className={styles.markdown} dir="auto">
      {parseMarkdown(text).map((block, index) => (
        <Fragment key={index}>{drawBlock(block)}</Fragment>
      ))}
    </div>
  );
});

function drawBlock(block: Block) {
  if (block.kind === "code-block") {
    return (
      <pre dir="ltr">
        <code>{block.text}</code>
      </pre>
    );
  }
  return <p>{drawAll(block.children)}</p>;
}

function drawAll(nodes: readonly Inline[]) {
  return nodes.map((node, index) => <Fragment key={index}>{draw(node)}</Fragment>);
}

function draw(node: Inline) {
  switch (node.kind) {
    case "text":
      return node.text;
    case "code":
      return <code dir="ltr">{node.text}</code>;
    case "bold":
      return <strong>{drawAll(node.children)}</strong>;
    case "italic":
      return <em>{drawAll(node.children)}</em>;
    case "strike":
      return <s>{drawAll(node.children)}</s>;
    case "link":
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow">
          {drawAll(node.children)}
        </a>
      );
  }
}
