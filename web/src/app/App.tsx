import { Boundary } from "@/components/ui/Boundary";
import { ToastProvider } from "@/components/ui/Toasts";
import { AuthPage } from "@/features/auth/components/AuthPage";
import { UpdateBanner } from "@/features/updates/components/UpdateBanner";
import { ClientContext, useSession } from "@/lib/hooks";
import type { Client } from "@/lib/client";
import { Home } from "./Home";

export function App({ client }: { readonly client: Client }) {
  return (
    <ClientContext value={client}>
      <ToastProvider>
        <Boundary>
          <Door />
        </Boundary>
        <UpdateBanner />
      </ToastProvider>
    </ClientContext>
  );
}

function Door() {
  const session = useSession();
  if (session.phase === "signed-out") return <AuthPage />;
  return <Home key={session.userId} me={session.userId} />;
}
