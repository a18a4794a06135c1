import { CircleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";
import { useTexts } from "@/i18n/hooks";
import { Button } from "./Button";
import { EmptyState } from "./EmptyState";

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/** Shows an error and a reload button when a component fails to render or to load. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? <Failed /> : this.props.children;
  }
}

function Failed() {
  const { t } = useTexts();
  return (
    <EmptyState icon={<CircleAlert />} title={t("errors.UNKNOWN")}>
      <Button look="primary" onClick={() => window.location.reload()}>
        {t("common.retry")}
      </Button>
    </EmptyState>
  );
}
