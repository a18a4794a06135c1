import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { serviceWorker } from "./vite.service-worker.ts";

/** The plain port of a running mesh's edge. */
const edge = `http://127.0.0.1:${process.env.CHATLY_EDGE_PORT ?? "8080"}`;

export default defineConfig({
  plugins: [react(), serviceWorker()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    // The Content-Security-Policy allows files of this origin only, no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // bench/ measures the size of the first load, compressed.
    chunkSizeWarningLimit: 600,
  },
  server: { port: 5173, proxy: { "^/(api|chatly\\.)": { target: edge } } },
  // Few tests need jsdom, which takes a second to start; they name it in their first line.
  // All tests share the loaded modules: loading them per file takes longer than the tests.
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    pool: "threads",
    isolate: false,
  },
});
