/** Every text of the client in English: the shape that the other catalogues follow. */
export const en = {
  common: {
    close: "Close", cancel: "Cancel", save: "Save", delete: "Delete", loading: "Loading", retry: "Try again", back: "Back",
    more: "Load more", search: "Search", you: "You", someone: "Someone", deletedUser: "Deleted account", done: "Saved", remove: "Remove",
  },
  auth: {
    login: "Log in", register: "Create account", loginTitle: "Welcome back", registerTitle: "Create your account",
    tagline: "Messages that arrive. Every time.", email: "E-mail address", password: "Password", username: "Username",
    usernameHint: "3 to 32 letters, digits, dots, dashes or underscores", passwordHint: "At least 8 characters",
    noAccount: "New here?", haveAccount: "Already have an account?", ended: "Your session has ended. Please log in again.",
    showPassword: "Show password", hidePassword: "Hide password",
  },
  chats: {
    title: "Chats", filter: "Search chats", none: "No chats yet", noneText: "Find somebody and say hello.", noMatch: "No chat matches",
    newChat: "New chat", newGroup: "New group", menu: "Menu", failed: "Your chats could not be loaded.", pick: "Choose a chat",
    pickText: "Pick one on the side, or begin a new one.", draft: "Draft:", photo: "Photo", file: "File", deleted: "Message deleted", group: "Group",
    unread_one: "{{count}} unread message", unread_other: "{{count}} unread messages", typing: "typing…",
  },
  people: {
    title: "New chat", search: "Search people by name", none: "Nobody found", failed: "People could not be loaded.", picked_one: "{{count}} person chosen",
    picked_other: "{{count}} people chosen",
  },
  presence: {
    online: "Online", offline: "Offline", lastSeen: "Last seen {{when}}", typingOne: "{{name}} is typing…", typingTwo: "{{first}} and {{second}} are typing…",
    typingMany: "Several people are typing…",
  },
  conversation: {
    messages: "Messages with {{name}}", newMessages: "New messages", toBottom: "To the newest messages", jump_one: "{{count}} new message", jump_other: "{{count}} new messages",
    empty: "Say hello", emptyText: "No messages here yet.", failed: "The messages could not be loaded.", edited: "edited", deleted: "This message was deleted",
    replyGone: "The message is no longer there", sending: "Sending", sent: "Sent", read: "Read", notSent: "Not sent", details: "Details", members_one: "{{count}} member",
    members_other: "{{count}} members", from: "{{name}}, {{time}}", readBy: "Read by {{names}}", discard: "Discard", attachment: "{{name}}, {{size}}",
    openImage: "Open picture {{name}}", download: "Download", olderLoading: "Loading older messages", goTo: "Go to the message", blocked: "You blocked this person.",
  },
  actions: {
    menu: "Message actions", reply: "Reply", react: "React", edit: "Edit", copy: "Copy text", deleteForMe: "Delete for me", deleteForEveryone: "Delete for everyone",
    deleteForMeAsk: "The message goes away on your devices. The others keep it.", deleteForEveryoneAsk: "The message and its files go away for everybody in this chat.",
    copied: "Copied", moreEmoji: "More emoji", reactWith: "React with {{emoji}}", reacted: "{{emoji}}: {{names}}",
  },
  composer: {
    placeholder: "Write a message", send: "Send", attach: "Attach files", emoji: "Emoji", replyTo: "Reply to {{name}}", editing: "Edit message", drop: "Drop files to attach them",
    tooLong_one: "{{count}} character too many", tooLong_other: "{{count}} characters too many", tooManyFiles: "At most {{count}} files in one message",
    uploading: "{{name}}: {{percent}} % uploaded", waiting: "Waiting", ready: "Ready", cancelUpload: "Remove {{name}}", retryUpload: "Try {{name}} again", files: "Attached files",
    saveEdit: "Save changes",
  },
  emoji: {
    search: "Search emoji", none: "No emoji found", smileys_people: "Smileys and people", animals_nature: "Animals and nature", food_drink: "Food and drink",
    travel_places: "Travel and places", activities: "Activities", objects: "Objects", symbols: "Symbols", flags: "Flags",
  },
  groups: {
    create: "Create group", name: "Group name", description: "Description", members: "Members", add: "Add people", leave: "Leave group", leaveAsk: "You will no longer see this chat.",
    owner: "Owner", admin: "Admin", member: "Member", makeAdmin: "Make admin", makeMember: "Make member", makeOwner: "Make owner", remove: "Remove from group",
    removeAsk: "{{name}} will no longer see this chat.", memberMenu: "Actions for {{name}}", edit: "Edit group", picture: "Change picture",
  },
  profile: {
    title: "Profile", about: "About", message: "Send message", block: "Block", unblock: "Unblock", blockAsk: "You will not get messages from {{name}}, and {{name}} not from you.",
    picture: "Change picture", removePicture: "Remove picture", bio: "About you", zoom: "Zoom", cropTitle: "Choose the part to show", usePicture: "Use picture",
    since: "Here since {{date}}", notAnImage: "This file is not a picture that can be shown.",
  },
  settings: {
    title: "Settings", profile: "Profile", status: "Status", security: "Security", blocked: "Blocked people", look: "Appearance", logout: "Log out", theme: "Theme", system: "Same as the system",
    light: "Light", dark: "Dark", language: "Language", notifications: "Notifications", notifyOn: "Notify me when the window is hidden", notifyDenied: "Your browser does not allow notifications for this page.",
    currentPassword: "Current password", newPassword: "New password", changePassword: "Change password", passwordChanged: "Your password has been changed.", sessions: "Where you are logged in",
    thisDevice: "This device", revoke: "Log out there", lastUsed: "Last used {{when}}", noneBlocked: "You have blocked nobody.", statusText: "What are you up to?", clearAfter: "Clear after",
    never: "Never", hours_one: "{{count}} hour", hours_other: "{{count}} hours", today: "Today", clear: "Clear status", unknownDevice: "Unknown device",
  },
  connection: {
    connecting: "Connecting…", offline: "You are offline. Messages are kept and sent later.", waiting: "Connection lost. Trying again…",
  },
  notify: { photo: "sent a picture", file: "sent a file" },
  shortcuts: {
    title: "Keyboard shortcuts", search: "Search chats", newChat: "New chat", nextChat: "Next chat", previousChat: "Previous chat", close: "Close, or leave what you are doing", send: "Send", newline: "New line",
    editLast: "Edit your last message (in an empty box)", messages: "Walk through messages", actions: "Actions of a message", help: "This list", composer: "To the message box", bold: "**bold** and *italic* text, `code`",
  },
  errors: {
    UNKNOWN: "That did not work. Please try again.", NETWORK: "The server cannot be reached. Please try again.", INVALID_FIELD: "Something is not filled in as it should be.",
    WRONG_CREDENTIALS: "E-mail address or password is wrong.", EMAIL_TAKEN: "There is already an account with this e-mail address.", USERNAME_TAKEN: "This username is taken.",
    PASSWORD_TOO_LONG: "This password is too long: at most {{limit}} bytes.", RATE_LIMITED: "That was too often. Please wait a moment.", BLOCKED: "One of you has blocked the other.",
    NOT_A_MEMBER: "You are not in this chat.", NOT_THE_SENDER: "Only its sender may do this.", ROLE_TOO_LOW: "Your role in this group does not allow this.", CHAT_NOT_FOUND: "This chat is not there.",
    MESSAGE_NOT_FOUND: "This message is no longer there.", USER_NOT_FOUND: "This person is not there.", MEDIA_NOT_FOUND: "This file is no longer there.", LAST_OWNER: "Make somebody else owner first.",
    GROUP_FULL: "The group is full: at most {{limit}} people.", TOO_MANY_REACTIONS: "At most {{limit}} different emoji on one message.", FILE_TOO_LARGE: "The file is too large: at most {{limit}}.",
    FILE_TYPE_NOT_ALLOWED: "Files of this type cannot be sent ({{type}}).", IMAGE_UNREADABLE: "This picture cannot be read or is too large.", FILE_EMPTY: "The file is empty.",
    SESSION_ENDED: "Your session has ended. Please log in again.",
  },
  fields: {
    username: "3 to 32 letters, digits, dots, dashes or underscores; the first one a letter or digit", email: "Please give a valid e-mail address", password: "Between 8 and 64 characters",
    new_password: "Between 8 and 64 characters", bio: "At most 500 characters", title: "Between 1 and 100 characters", description: "At most 500 characters", text: "At most {{limit}} characters",
  },
};

export type Catalogue = typeof en;

/** What another catalogue has: the same texts, and more plural forms where the language has more. */
export type Texts = { readonly [Section in keyof Catalogue]: Catalogue[Section] & Readonly<Record<string, string>> };
