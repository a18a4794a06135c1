import type { Texts } from "./en";

/** Every text in German. */
export const de: Texts = {
  common: {
    close: "Schließen", cancel: "Abbrechen", save: "Speichern", delete: "Löschen", loading: "Wird geladen", retry: "Noch einmal versuchen", back: "Zurück",
    more: "Mehr laden", search: "Suchen", you: "Du", someone: "Jemand", deletedUser: "Gelöschtes Konto", done: "Gespeichert", remove: "Entfernen",
  },
  auth: {
    login: "Anmelden", register: "Konto anlegen", loginTitle: "Willkommen zurück", registerTitle: "Lege dein Konto an",
    tagline: "Nachrichten, die ankommen. Jedes Mal.", email: "E-Mail-Adresse", password: "Passwort", username: "Benutzername",
    usernameHint: "3 bis 32 Buchstaben, Ziffern, Punkte, Binde- oder Unterstriche", passwordHint: "Mindestens 8 Zeichen",
    noAccount: "Neu hier?", haveAccount: "Hast du schon ein Konto?", ended: "Deine Sitzung ist beendet. Bitte melde dich wieder an.",
    showPassword: "Passwort zeigen", hidePassword: "Passwort verbergen",
  },
  chats: {
    title: "Chats", filter: "Chats durchsuchen", none: "Noch keine Chats", noneText: "Finde jemanden und sag hallo.", noMatch: "Kein Chat passt dazu",
    newChat: "Neuer Chat", newGroup: "Neue Gruppe", menu: "Menü", failed: "Deine Chats konnten nicht geladen werden.", pick: "Wähle einen Chat",
    pickText: "Nimm einen an der Seite oder beginne einen neuen.", draft: "Entwurf:", photo: "Foto", file: "Datei", deleted: "Nachricht gelöscht", group: "Gruppe",
    unread_one: "{{count}} ungelesene Nachricht", unread_other: "{{count}} ungelesene Nachrichten", typing: "schreibt …",
  },
  people: {
    title: "Neuer Chat", search: "Personen nach Namen suchen", none: "Niemand gefunden", failed: "Die Personen konnten nicht geladen werden.", picked_one: "{{count}} Person gewählt",
    picked_other: "{{count}} Personen gewählt",
  },
  presence: {
    online: "Online", offline: "Offline", lastSeen: "Zuletzt da: {{when}}", typingOne: "{{name}} schreibt …", typingTwo: "{{first}} und {{second}} schreiben …",
    typingMany: "Mehrere Personen schreiben …",
  },
  conversation: {
    messages: "Nachrichten mit {{name}}", newMessages: "Neue Nachrichten", toBottom: "Zu den neuesten Nachrichten", jump_one: "{{count}} neue Nachricht", jump_other: "{{count}} neue Nachrichten",
    empty: "Sag hallo", emptyText: "Hier gibt es noch keine Nachrichten.", failed: "Die Nachrichten konnten nicht geladen werden.", edited: "bearbeitet", deleted: "Diese Nachricht wurde gelöscht",
    replyGone: "Die Nachricht gibt es nicht mehr", sending: "Wird gesendet", sent: "Gesendet", read: "Gelesen", notSent: "Nicht gesendet", details: "Einzelheiten", members_one: "{{count}} Mitglied",
    members_other: "{{count}} Mitglieder", from: "{{name}}, {{time}}", readBy: "Gelesen von {{names}}", discard: "Verwerfen", attachment: "{{name}}, {{size}}",
    openImage: "Bild {{name}} öffnen", download: "Herunterladen", olderLoading: "Ältere Nachrichten werden geladen", goTo: "Zur Nachricht", blocked: "Du hast diese Person blockiert.",
  },
  actions: {
    menu: "Aktionen zur Nachricht", reply: "Antworten", react: "Reagieren", edit: "Bearbeiten", copy: "Text kopieren", deleteForMe: "Für mich löschen", deleteForEveryone: "Für alle löschen",
    deleteForMeAsk: "Die Nachricht verschwindet auf deinen Geräten. Die anderen behalten sie.", deleteForEveryoneAsk: "Die Nachricht und ihre Dateien verschwinden für alle in diesem Chat.",
    copied: "Kopiert", moreEmoji: "Mehr Emoji", reactWith: "Mit {{emoji}} reagieren", reacted: "{{emoji}}: {{names}}",
  },
  composer: {
    placeholder: "Nachricht schreiben", send: "Senden", attach: "Dateien anhängen", emoji: "Emoji", replyTo: "Antwort an {{name}}", editing: "Nachricht bearbeiten", drop: "Dateien hier ablegen, um sie anzuhängen",
    tooLong_one: "{{count}} Zeichen zu viel", tooLong_other: "{{count}} Zeichen zu viel", tooManyFiles: "Höchstens {{count}} Dateien in einer Nachricht",
    uploading: "{{name}}: {{percent}} % hochgeladen", waiting: "Wartet", ready: "Fertig", cancelUpload: "{{name}} entfernen", retryUpload: "{{name}} noch einmal versuchen", files: "Angehängte Dateien",
    saveEdit: "Änderungen speichern",
  },
  emoji: {
    search: "Emoji suchen", none: "Kein Emoji gefunden", smileys_people: "Smileys und Menschen", animals_nature: "Tiere und Natur", food_drink: "Essen und Trinken",
    travel_places: "Reisen und Orte", activities: "Aktivitäten", objects: "Gegenstände", symbols: "Symbole", flags: "Flaggen",
  },
  groups: {
    create: "Gruppe anlegen", name: "Name der Gruppe", description: "Beschreibung", members: "Mitglieder", add: "Personen hinzufügen", leave: "Gruppe verlassen", leaveAsk: "Du siehst diesen Chat dann nicht mehr.",
    owner: "Besitz", admin: "Verwaltung", member: "Mitglied", makeAdmin: "Zur Verwaltung machen", makeMember: "Zum Mitglied machen", makeOwner: "Besitz übertragen", remove: "Aus der Gruppe entfernen",
    removeAsk: "{{name}} sieht diesen Chat dann nicht mehr.", memberMenu: "Aktionen für {{name}}", edit: "Gruppe bearbeiten", picture: "Bild ändern",
  },
  profile: {
    title: "Profil", about: "Über", message: "Nachricht senden", block: "Blockieren", unblock: "Nicht mehr blockieren", blockAsk: "Du bekommst keine Nachrichten von {{name}}, und {{name}} keine von dir.",
    picture: "Bild ändern", removePicture: "Bild entfernen", bio: "Über dich", zoom: "Zoom", cropTitle: "Wähle den Ausschnitt", usePicture: "Bild verwenden",
    since: "Hier seit {{date}}", notAnImage: "Diese Datei ist kein Bild, das gezeigt werden kann.",
  },
  settings: {
    title: "Einstellungen", profile: "Profil", status: "Status", security: "Sicherheit", blocked: "Blockierte Personen", look: "Aussehen", logout: "Abmelden", theme: "Farben", system: "Wie das System",
    light: "Hell", dark: "Dunkel", language: "Sprache", notifications: "Benachrichtigungen", notifyOn: "Benachrichtigen, wenn das Fenster verborgen ist", notifyDenied: "Dein Browser erlaubt dieser Seite keine Benachrichtigungen.",
    currentPassword: "Jetziges Passwort", newPassword: "Neues Passwort", changePassword: "Passwort ändern", passwordChanged: "Dein Passwort wurde geändert.", sessions: "Wo du angemeldet bist",
    thisDevice: "Dieses Gerät", revoke: "Dort abmelden", lastUsed: "Zuletzt benutzt: {{when}}", noneBlocked: "Du hast niemanden blockiert.", statusText: "Was machst du gerade?", clearAfter: "Löschen nach",
    never: "Nie", hours_one: "{{count}} Stunde", hours_other: "{{count}} Stunden", today: "Heute", clear: "Status löschen", unknownDevice: "Unbekanntes Gerät",
  },
  connection: {
    connecting: "Verbindung wird aufgebaut …", offline: "Du bist offline. Nachrichten werden aufgehoben und später gesendet.", waiting: "Verbindung verloren. Neuer Versuch …",
  },
  notify: { photo: "hat ein Bild gesendet", file: "hat eine Datei gesendet" },
  shortcuts: {
    title: "Tastenkürzel", search: "Chats durchsuchen", newChat: "Neuer Chat", nextChat: "Nächster Chat", previousChat: "Voriger Chat", close: "Schließen oder abbrechen", send: "Senden", newline: "Neue Zeile",
    editLast: "Letzte eigene Nachricht bearbeiten (im leeren Feld)", messages: "Durch die Nachrichten gehen", actions: "Aktionen einer Nachricht", help: "Diese Liste", composer: "Zum Nachrichtenfeld", bold: "**fetter** und *kursiver* Text, `Code`",
  },
  errors: {
    UNKNOWN: "Das hat nicht geklappt. Bitte versuche es noch einmal.", NETWORK: "Der Server ist nicht erreichbar. Bitte versuche es noch einmal.", INVALID_FIELD: "Etwas ist nicht so ausgefüllt, wie es sein soll.",
    WRONG_CREDENTIALS: "E-Mail-Adresse oder Passwort ist falsch.", EMAIL_TAKEN: "Zu dieser E-Mail-Adresse gibt es schon ein Konto.", USERNAME_TAKEN: "Dieser Benutzername ist vergeben.",
    PASSWORD_TOO_LONG: "Dieses Passwort ist zu lang: höchstens {{limit}} Bytes.", RATE_LIMITED: "Das war zu oft. Bitte warte einen Augenblick.", BLOCKED: "Einer von euch hat den anderen blockiert.",
    NOT_A_MEMBER: "Du bist nicht in diesem Chat.", NOT_THE_SENDER: "Das darf nur, wer sie gesendet hat.", ROLE_TOO_LOW: "Deine Rolle in dieser Gruppe erlaubt das nicht.", CHAT_NOT_FOUND: "Diesen Chat gibt es nicht.",
    MESSAGE_NOT_FOUND: "Diese Nachricht gibt es nicht mehr.", USER_NOT_FOUND: "Diese Person gibt es nicht.", MEDIA_NOT_FOUND: "Diese Datei gibt es nicht mehr.", LAST_OWNER: "Übertrage den Besitz zuerst jemand anderem.",
    GROUP_FULL: "Die Gruppe ist voll: höchstens {{limit}} Personen.", TOO_MANY_REACTIONS: "Höchstens {{limit}} verschiedene Emoji an einer Nachricht.", FILE_TOO_LARGE: "Die Datei ist zu groß: höchstens {{limit}}.",
    FILE_TYPE_NOT_ALLOWED: "Dateien dieser Art können nicht gesendet werden ({{type}}).", IMAGE_UNREADABLE: "Dieses Bild ist nicht lesbar oder zu groß.", FILE_EMPTY: "Die Datei ist leer.",
    SESSION_ENDED: "Deine Sitzung ist beendet. Bitte melde dich wieder an.",
  },
  fields: {
    username: "3 bis 32 Buchstaben, Ziffern, Punkte, Binde- oder Unterstriche; vorn ein Buchstabe oder eine Ziffer", email: "Bitte gib eine gültige E-Mail-Adresse an", password: "Zwischen 8 und 64 Zeichen",
    new_password: "Zwischen 8 und 64 Zeichen", bio: "Höchstens 500 Zeichen", title: "Zwischen 1 und 100 Zeichen", description: "Höchstens 500 Zeichen", text: "Höchstens {{limit}} Zeichen",
  },
};
