import type { Texts } from "./en";

/** Every text in Arabic, with its six plural forms where they differ. */
export const ar: Texts = {
  common: {
    close: "إغلاق", cancel: "إلغاء", save: "حفظ", delete: "حذف", loading: "جارٍ التحميل", retry: "حاول مرة أخرى", back: "رجوع",
    more: "تحميل المزيد", search: "بحث", you: "أنت", someone: "شخص ما", deletedUser: "حساب محذوف", done: "تم الحفظ", remove: "إزالة",
  },
  auth: {
    login: "تسجيل الدخول", register: "إنشاء حساب", loginTitle: "مرحبًا بعودتك", registerTitle: "أنشئ حسابك",
    tagline: "رسائل تصل. في كل مرة.", email: "البريد الإلكتروني", password: "كلمة المرور", username: "اسم المستخدم",
    usernameHint: "من 3 إلى 32 حرفًا أو رقمًا أو نقطة أو شرطة", passwordHint: "8 أحرف على الأقل",
    noAccount: "جديد هنا؟", haveAccount: "لديك حساب بالفعل؟", ended: "انتهت جلستك. يرجى تسجيل الدخول مرة أخرى.",
    showPassword: "إظهار كلمة المرور", hidePassword: "إخفاء كلمة المرور",
  },
  chats: {
    title: "المحادثات", filter: "البحث في المحادثات", none: "لا محادثات بعد", noneText: "ابحث عن شخص وقل مرحبًا.", noMatch: "لا توجد محادثة مطابقة",
    newChat: "محادثة جديدة", newGroup: "مجموعة جديدة", menu: "القائمة", failed: "تعذر تحميل محادثاتك.", pick: "اختر محادثة",
    pickText: "اختر واحدة من الجانب أو ابدأ محادثة جديدة.", draft: "مسودة:", photo: "صورة", file: "ملف", deleted: "حُذفت الرسالة", group: "مجموعة",
    unread_zero: "لا رسائل غير مقروءة", unread_one: "رسالة واحدة غير مقروءة", unread_two: "رسالتان غير مقروءتين", unread_few: "{{count}} رسائل غير مقروءة", unread_many: "{{count}} رسالة غير مقروءة", unread_other: "{{count}} رسالة غير مقروءة", typing: "يكتب…",
  },
  people: {
    title: "محادثة جديدة", search: "ابحث عن أشخاص بالاسم", none: "لم يُعثر على أحد", failed: "تعذر تحميل الأشخاص.",
    picked_zero: "لم يُختر أحد", picked_one: "اختير شخص واحد", picked_two: "اختير شخصان", picked_few: "اختير {{count}} أشخاص", picked_many: "اختير {{count}} شخصًا", picked_other: "اختير {{count}} شخص",
  },
  presence: {
    online: "متصل", offline: "غير متصل", lastSeen: "آخر ظهور {{when}}", typingOne: "{{name}} يكتب…", typingTwo: "{{first}} و{{second}} يكتبان…",
    typingMany: "عدة أشخاص يكتبون…",
  },
  conversation: {
    messages: "الرسائل مع {{name}}", newMessages: "رسائل جديدة", toBottom: "إلى أحدث الرسائل",
    jump_zero: "لا رسائل جديدة", jump_one: "رسالة جديدة واحدة", jump_two: "رسالتان جديدتان", jump_few: "{{count}} رسائل جديدة", jump_many: "{{count}} رسالة جديدة", jump_other: "{{count}} رسالة جديدة",
    empty: "قل مرحبًا", emptyText: "لا رسائل هنا بعد.", failed: "تعذر تحميل الرسائل.", edited: "معدّلة", deleted: "حُذفت هذه الرسالة",
    replyGone: "الرسالة لم تعد موجودة", sending: "جارٍ الإرسال", sent: "أُرسلت", read: "قُرئت", notSent: "لم تُرسل", details: "التفاصيل",
    members_zero: "لا أعضاء", members_one: "عضو واحد", members_two: "عضوان", members_few: "{{count}} أعضاء", members_many: "{{count}} عضوًا", members_other: "{{count}} عضو",
    from: "{{name}}، {{time}}", readBy: "قرأها {{names}}", discard: "تجاهل", attachment: "{{name}}، {{size}}",
    openImage: "فتح الصورة {{name}}", download: "تنزيل", olderLoading: "جارٍ تحميل الرسائل الأقدم", goTo: "إلى الرسالة", blocked: "لقد حظرت هذا الشخص.",
  },
  actions: {
    menu: "إجراءات الرسالة", reply: "رد", react: "تفاعل", edit: "تعديل", copy: "نسخ النص", deleteForMe: "حذف لدي", deleteForEveryone: "حذف لدى الجميع",
    deleteForMeAsk: "تختفي الرسالة من أجهزتك، وتبقى لدى الآخرين.", deleteForEveryoneAsk: "تختفي الرسالة وملفاتها لدى الجميع في هذه المحادثة.",
    copied: "تم النسخ", moreEmoji: "مزيد من الرموز", reactWith: "تفاعل بـ {{emoji}}", reacted: "{{emoji}}: {{names}}",
  },
  composer: {
    placeholder: "اكتب رسالة", send: "إرسال", attach: "إرفاق ملفات", emoji: "رموز تعبيرية", replyTo: "رد على {{name}}", editing: "تعديل الرسالة", drop: "أفلت الملفات لإرفاقها",
    tooLong_zero: "لا أحرف زائدة", tooLong_one: "حرف زائد واحد", tooLong_two: "حرفان زائدان", tooLong_few: "{{count}} أحرف زائدة", tooLong_many: "{{count}} حرفًا زائدًا", tooLong_other: "{{count}} حرف زائد",
    tooManyFiles: "{{count}} ملفات على الأكثر في الرسالة الواحدة",
    uploading: "{{name}}: رُفع {{percent}} %", waiting: "في الانتظار", ready: "جاهز", cancelUpload: "إزالة {{name}}", retryUpload: "إعادة محاولة {{name}}", files: "الملفات المرفقة",
    saveEdit: "حفظ التعديلات",
  },
  emoji: {
    search: "البحث عن رمز", none: "لم يُعثر على رمز", smileys_people: "وجوه وأشخاص", animals_nature: "حيوانات وطبيعة", food_drink: "طعام وشراب",
    travel_places: "سفر وأماكن", activities: "أنشطة", objects: "أشياء", symbols: "رموز", flags: "أعلام",
  },
  groups: {
    create: "إنشاء المجموعة", name: "اسم المجموعة", description: "الوصف", members: "الأعضاء", add: "إضافة أشخاص", leave: "مغادرة المجموعة", leaveAsk: "لن ترى هذه المحادثة بعد ذلك.",
    owner: "مالك", admin: "مشرف", member: "عضو", makeAdmin: "تعيين مشرفًا", makeMember: "تعيين عضوًا", makeOwner: "تعيين مالكًا", remove: "إزالة من المجموعة",
    removeAsk: "لن يرى {{name}} هذه المحادثة بعد ذلك.", memberMenu: "إجراءات {{name}}", edit: "تعديل المجموعة", picture: "تغيير الصورة",
  },
  profile: {
    title: "الملف الشخصي", about: "نبذة", message: "إرسال رسالة", block: "حظر", unblock: "إلغاء الحظر", blockAsk: "لن تصلك رسائل من {{name}}، ولن تصل رسائلك إلى {{name}}.",
    picture: "تغيير الصورة", removePicture: "إزالة الصورة", bio: "نبذة عنك", zoom: "تكبير", cropTitle: "اختر الجزء الظاهر", usePicture: "استخدام الصورة",
    since: "هنا منذ {{date}}", notAnImage: "هذا الملف ليس صورة يمكن عرضها.",
  },
  settings: {
    title: "الإعدادات", profile: "الملف الشخصي", status: "الحالة", security: "الأمان", blocked: "المحظورون", look: "المظهر", logout: "تسجيل الخروج", theme: "الألوان", system: "كالنظام",
    light: "فاتح", dark: "داكن", language: "اللغة", notifications: "الإشعارات", notifyOn: "أشعرني عندما تكون النافذة مخفية", notifyDenied: "متصفحك لا يسمح بالإشعارات لهذه الصفحة.",
    currentPassword: "كلمة المرور الحالية", newPassword: "كلمة المرور الجديدة", changePassword: "تغيير كلمة المرور", passwordChanged: "تم تغيير كلمة مرورك.", sessions: "الأجهزة التي سجلت الدخول منها",
    thisDevice: "هذا الجهاز", revoke: "تسجيل الخروج هناك", lastUsed: "آخر استخدام {{when}}", noneBlocked: "لم تحظر أحدًا.", statusText: "ماذا تفعل الآن؟", clearAfter: "المسح بعد",
    never: "أبدًا", hours_zero: "أقل من ساعة", hours_one: "ساعة واحدة", hours_two: "ساعتان", hours_few: "{{count}} ساعات", hours_many: "{{count}} ساعة", hours_other: "{{count}} ساعة", today: "اليوم", clear: "مسح الحالة", unknownDevice: "جهاز غير معروف",
  },
  connection: {
    connecting: "جارٍ الاتصال…", offline: "أنت غير متصل. تُحفظ الرسائل وتُرسل لاحقًا.", waiting: "انقطع الاتصال. جارٍ المحاولة من جديد…",
  },
  notify: { photo: "أرسل صورة", file: "أرسل ملفًا" },
  shortcuts: {
    title: "اختصارات لوحة المفاتيح", search: "البحث في المحادثات", newChat: "محادثة جديدة", nextChat: "المحادثة التالية", previousChat: "المحادثة السابقة", close: "إغلاق أو إلغاء", send: "إرسال", newline: "سطر جديد",
    editLast: "تعديل آخر رسالة لك (والحقل فارغ)", messages: "التنقل بين الرسائل", actions: "إجراءات الرسالة", help: "هذه القائمة", composer: "إلى حقل الرسالة", bold: "نص **عريض** و*مائل* و`شيفرة`",
  },
  errors: {
    UNKNOWN: "لم ينجح ذلك. حاول مرة أخرى.", NETWORK: "تعذر الوصول إلى الخادم. حاول مرة أخرى.", INVALID_FIELD: "هناك حقل لم يُملأ كما ينبغي.",
    WRONG_CREDENTIALS: "البريد الإلكتروني أو كلمة المرور غير صحيحة.", EMAIL_TAKEN: "يوجد حساب بهذا البريد الإلكتروني.", USERNAME_TAKEN: "اسم المستخدم هذا محجوز.",
    PASSWORD_TOO_LONG: "كلمة المرور طويلة جدًا: {{limit}} بايت على الأكثر.", RATE_LIMITED: "محاولات كثيرة. انتظر لحظة.", BLOCKED: "أحدكما حظر الآخر.",
    NOT_A_MEMBER: "لست في هذه المحادثة.", NOT_THE_SENDER: "هذا لمرسلها فقط.", ROLE_TOO_LOW: "دورك في المجموعة لا يسمح بذلك.", CHAT_NOT_FOUND: "هذه المحادثة غير موجودة.",
    MESSAGE_NOT_FOUND: "هذه الرسالة لم تعد موجودة.", USER_NOT_FOUND: "هذا الشخص غير موجود.", MEDIA_NOT_FOUND: "هذا الملف لم يعد موجودًا.", LAST_OWNER: "عيّن مالكًا آخر أولًا.",
    GROUP_FULL: "المجموعة ممتلئة: {{limit}} شخصًا على الأكثر.", TOO_MANY_REACTIONS: "{{limit}} رموز مختلفة على الأكثر للرسالة.", FILE_TOO_LARGE: "الملف كبير جدًا: {{limit}} على الأكثر.",
    FILE_TYPE_NOT_ALLOWED: "لا يمكن إرسال ملفات من هذا النوع ({{type}}).", IMAGE_UNREADABLE: "تعذرت قراءة هذه الصورة أو أنها كبيرة جدًا.", FILE_EMPTY: "الملف فارغ.",
    SESSION_ENDED: "انتهت جلستك. يرجى تسجيل الدخول مرة أخرى.",
  },
  fields: {
    username: "من 3 إلى 32 حرفًا أو رقمًا أو نقطة أو شرطة، وأولها حرف أو رقم", email: "يرجى إدخال بريد إلكتروني صحيح", password: "بين 8 و64 حرفًا",
    new_password: "بين 8 و64 حرفًا", bio: "500 حرف على الأكثر", title: "بين حرف و100 حرف", description: "500 حرف على الأكثر", text: "{{limit}} حرف على الأكثر",
  },
};
