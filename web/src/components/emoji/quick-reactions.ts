/** The reactions that are offered first; a double click gives the first one. */
export const QUICK_REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🎉"] as const;
