import type { Actions } from "./types";
import { chatActions } from "./chats";
import type { ActionContext } from "./context";
import { messageActions } from "./messages";
import { peopleActions } from "./people";
import { sessionActions } from "./session";
import { uploadActions } from "./uploads";

export function createActions(context: ActionContext): Actions {
  return {
    ...sessionActions(context),
    ...messageActions(context),
    ...uploadActions(context),
    ...peopleActions(context),
    ...chatActions(context),
  };
}
