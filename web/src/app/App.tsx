import { ErrorBoundary } from "@/components/ui/ErrorBoundary";
import { ToastProvider } from "@/components/ui/Toasts";
import { AuthPage } from "@/features/auth/components/AuthPage";
import { UpdateBanner } from "@/features/updates/components/UpdateBanner";
import { TextsProvider } from "@/i18n/TextsProvider";
import { ClientContext, useSession } from "@/lib/hooks";
import type { Client } from "@/lib/client";
import { Home } from "./Home";

export function App({ client }: { readonly client: Client }) {
  return (
    <ClientContext value={client}>
      <TextsProvider>
        <ToastProvider>
          <ErrorBoundary>
            <Content />
          </ErrorBoundary>
          <UpdateBanner />
        </ToastProvider>
      </TextsProvider>
    </ClientContext>
  );
}

function Content() {
  const session = useSession();
  if (session.phase === "signed-out") return <AuthPage />;
  return <Home key={session.userId} me={session.userId} />;
}
