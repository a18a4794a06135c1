import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { serviceWorker } from "./vite.service-worker.ts";

/** Where `vite` finds a running mesh: the edge's plain port. */
const edge = `http://127.0.0.1:${process.env.CHATLY_EDGE_PORT ?? "8080"}`;

export default defineConfig({
  plugins: [react(), serviceWorker()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    // Nothing is inlined as data: the Content-Security-Policy allows files of this origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What the first load weighs is measured in bench/, by gzip.
    chunkSizeWarningLimit: 600,
  },
  server: { port: 5173, proxy: { "^/(api|chatly\\.)": { target: edge } } },
  // Few tests need a page; those name their environment themselves, for each jsdom takes a second to make.
  // All share one thread's modules: to read them anew for each file takes longer than the tests.
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    pool: "threads",
    isolate: false,
  },
});
