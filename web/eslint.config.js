import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const FEATURES = "features never import features: move what they share to src/components or src/lib";

/** Forbid imports of folders of `src` by `@/`, and relative imports that leave the own folder of `src`. */
function restrictImports(message = "", ...folders) {
  const patterns = folders.map((folder) =>
    typeof folder === "string" ? { group: [`@/${folder}`, `@/${folder}/**`], message } : folder,
  );
  const relative = { regex: "^\\.\\./\\.\\./", message: "import other folders of src by @/" };
  return { "no-restricted-imports": ["error", { patterns: [...patterns, relative] }] };
}

export default tseslint.config(
  { ignores: ["dist", "src/gen", "node_modules"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "max-lines": ["error", 400],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `() => doSomething()` is easier to read than `() => { doSomething(); }`.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
    },
  },
  { files: ["src/**/*.{ts,tsx}"], rules: restrictImports() },
  {
    files: ["src/lib/**/*.{ts,tsx}"],
    rules: restrictImports("src/lib draws nothing", "features", "app", "components", "i18n"),
  },
  {
    files: ["src/i18n/**/*.{ts,tsx}"],
    rules: restrictImports("src/i18n imports only src/lib", "features", "app", "components"),
  },
  {
    files: ["src/components/**/*.{ts,tsx}"],
    rules: restrictImports("shared components know no feature", "features", "app"),
  },
  { files: ["src/features/*/*/**/*.{ts,tsx}"], rules: restrictImports(FEATURES, "features", "app") },
  {
    files: ["src/features/*/*.{ts,tsx}"],
    rules: restrictImports(FEATURES, "features", "app", { regex: "^\\.\\./", message: FEATURES }),
  },
);
