/** Builds src/sw/worker.ts into sw.js, after the build of the client, whose file names it contains. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Plugin } from "vite";

interface Entry {
  readonly url: string;
  /** Null if the file name contains a hash of the content. */
  readonly revision: string | null;
}

/** The files that an offline start needs: all but the pictures for app stores. */
const NEEDED = /\.(html|js|css|svg|webmanifest)$/;

export function serviceWorker(): Plugin {
  let dist = "";
  return {
    name: "chatly-service-worker",
    apply: "build",
    configResolved: (config) => {
      dist = resolve(config.root, config.build.outDir);
    },
    closeBundle: async () => {
      await build({
        configFile: false,
        logLevel: "warn",
        publicDir: false,
        define: { __FILES__: JSON.stringify(entries(dist)), "process.env.NODE_ENV": JSON.stringify("production") },
        build: {
          outDir: dist,
          emptyOutDir: false,
          target: "es2022",
          lib: { entry: resolve("src/sw/worker.ts"), name: "worker", formats: ["iife"], fileName: () => "sw.js" },
        },
      });
    },
  };
}

function entries(dist: string): readonly Entry[] {
  const names = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => NEEDED.test(name));
  return names.sort().map((name) => ({
    url: `/${name}`,
    revision: name.startsWith("assets/") ? null : hashOf(join(dist, name)),
  }));
}

function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
}
