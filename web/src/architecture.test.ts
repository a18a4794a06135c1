/** Rules about the source files as a whole that ESLint does not check. */

import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const SRC = import.meta.dirname;
const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => !file.startsWith("gen/"));
const SOURCES = new Set(FILES.filter((file) => /\.tsx?$/.test(file)));

/** The files of `src` that a file imports, type imports and dynamic imports included. */
function importsOf(file: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(SRC, file), "utf8"));
  return importedFiles.flatMap(({ fileName }) => {
    const path = fileName.startsWith("@/")
      ? fileName.slice("@/".length)
      : resolve("/", dirname(file), fileName).slice(1);
    const isLocal = fileName.startsWith("@/") || fileName.startsWith(".");
    const candidates = isLocal ? [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`] : [];
    return candidates.find((candidate) => SOURCES.has(candidate)) ?? [];
  });
}

/** The files of the first cycle found, or an empty list. */
function firstCycle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const checked = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (checked.has(file)) return [];
    for (const imported of imports.get(file) ?? []) {
      const cycle = visit(imported, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    checked.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const cycle = visit(file, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

describe("the source files", () => {
  it("have no import cycles, type imports included", () => {
    const imports = new Map([...SOURCES].map((file) => [file, importsOf(file)]));

    expect([...imports.values()].flat().length).toBeGreaterThan(300);
    expect(firstCycle(imports)).toEqual([]);
  });

  it("are named PascalCase.tsx if they are components, and kebab-case otherwise", () => {
    const component = /^[A-Z][A-Za-z]*(\.test)?\.tsx$/;
    const componentStyles = /^[A-Z][A-Za-z]*\.module\.css$/;
    const other = /^[a-z0-9]+(-[a-z0-9]+)*((\.test)?\.ts|(\.module)?\.css)?$/;
    const entry = "main.tsx";
    const misnamed = FILES.filter((file) => {
      const name = basename(file);
      return file !== entry && ![component, componentStyles, other].some((style) => style.test(name));
    });

    expect(misnamed).toEqual([]);
  });
});

describe("the search for cycles", () => {
  it("finds a cycle behind files that are in none", () => {
    const imports = new Map([
      ["start", ["a"]],
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["a"]],
    ]);

    expect(firstCycle(imports)).toEqual(["a", "b", "c", "a"]);
  });
});
