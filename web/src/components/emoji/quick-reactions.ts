/** The reactions at the top of the message menu. A double click on a message adds the first one. */
export const QUICK_REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🎉"] as const;
