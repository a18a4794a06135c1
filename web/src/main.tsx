import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { startTheme } from "@/features/settings/hooks/theme";
import { preferredLanguage, startTexts } from "@/i18n";
import { openClient } from "@/lib/client";
import "@/styles/tokens.css";
import "@/styles/base.css";

async function start(): Promise<void> {
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root element");
  startTheme();
  const client = openClient();
  await startTexts(preferredLanguage());
  createRoot(root).render(
    <StrictMode>
      <App client={client} />
    </StrictMode>,
  );
}

void start();
