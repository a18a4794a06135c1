import { CircleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";
import { useTexts } from "@/i18n/hooks";
import { Button } from "./Button";
import { EmptyState } from "./EmptyState";

interface BoundaryProps {
  readonly children: ReactNode;
}

/** Where something cannot be drawn, or a part cannot be loaded: says so, and offers to begin anew. Nothing that was sent is lost. */
export class Boundary extends Component<BoundaryProps, { readonly failed: boolean }> {
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
