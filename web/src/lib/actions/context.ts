/** The objects that the actions use. */

import type { Clients } from "@/lib/rpc/clients";
import type { Runtime } from "@/lib/runtime";
import type { Session } from "@/lib/session/session";
import type { State } from "@/lib/state/model";
import type { Store } from "@/lib/state/store";

export interface ActionContext {
  readonly clients: Clients;
  readonly store: Store<State>;
  readonly session: Session;
  /** Returns the runtime of the logged-in user, or throws `SESSION_ENDED`. */
  readonly signedIn: () => Runtime;
}
