import type { Words } from "./catalogue";

const plural = new Intl.PluralRules("ar");

function calls(count: number): string {
  switch (plural.select(count)) {
    case "zero":
      return "لا مكالمات";
    case "one":
      return "مكالمة واحدة";
    case "two":
      return "مكالمتان";
    case "few":
      return `${count} مكالمات`;
    default:
      return `${count} مكالمة`;
  }
}

export const ar: Words = {
  direction: "rtl",
  title: "المكالمات الجارية",
  skip: "انتقل إلى المكالمات",
  language: "اللغة",
  signIn: { title: "تسجيل الدخول إلى لوحة الإشراف", email: "البريد الإلكتروني", password: "كلمة المرور", submit: "دخول" },
  signOut: "خروج",
  clinic: "العيادة",
  connected: "مباشر",
  connecting: "جارٍ الاتصال",
  calls: { title: calls, none: "لا أحد يتصل الآن.", choose: "اختر مكالمة لترى ما يقال فيها." },
  kind: { web: "متصفح", text: "كتابة", phone: "هاتف" },
  agent: {
    initializing: "المساعد يستعد",
    listening: "المساعد يستمع",
    thinking: "المساعد يفكر",
    speaking: "المساعد يتحدث",
  },
  silent: "المساعد صامت",
  callerAway: "المتصل غير موجود",
  ended: (outcome) => `انتهت: ${outcome}`,
  outcomes: {
    booked: "تم حجز موعد",
    rescheduled: "تم تغيير موعد",
    cancelled: "تم إلغاء موعد",
    answered: "تمت الإجابة",
    transferred: "تم تحويلها",
    emergency: "حالة طارئة",
    abandoned: "انقطعت",
  },
  since: "المدة",
  identified: "تم التعرف على المريض",
  redFlag: "علامة خطر",
  flags: {
    chest_pain: "ألم في الصدر",
    breathing: "صعوبة في التنفس",
    stroke: "علامات سكتة دماغية",
    bleeding: "نزيف شديد",
    suicide: "أفكار انتحارية",
    unconscious: "فقدان الوعي",
    anaphylaxis: "حساسية شديدة",
    poisoning: "تسمم",
    seizure: "نوبة تشنج",
    injury: "إصابة شديدة",
    pregnancy: "مشكلة في الحمل",
    emergency: "حالة طارئة",
  },
  takenBy: (name) => `تولاها ${name}`,
  takenByYou: "المكالمة معك",
  who: { caller: "المتصل", agent: "المساعد", supervisor: "الموظف" },
  speaking: "يتحدث",
  transcript: "نص المكالمة",
  empty: "لم يُقل شيء بعد.",
  cut: "قوطع",
  tools: {
    identify_patient: "البحث عن المريض",
    register_patient: "تسجيل المريض",
    find_slots: "البحث عن أوقات متاحة",
    hold: "حجز وقت مؤقتًا",
    release: "ترك الوقت",
    list_appointments: "قراءة المواعيد",
    book: "حجز الموعد",
    reschedule: "تغيير الموعد",
    cancel: "إلغاء الموعد",
    ask_clinic: "البحث عن إجابة",
    transfer: "تسجيل طلب معاودة الاتصال",
  },
  results: {
    identified: "تم العثور عليه",
    ambiguous: "أكثر من مريض",
    not_identified: "لم يُعثر عليه",
    registered: "تم التسجيل",
    slots: "وُجدت أوقات",
    held: "محجوز",
    released: "تُرك",
    appointments: "قُرئت",
    booked: "تم",
    cancelled: "أُلغي",
    answer: "وُجدت إجابة",
    no_answer: "لا إجابة",
    callback_noted: "سُجل",
    other: "تم",
    refused: "مرفوض",
    unavailable: "غير ممكن الآن",
  },
  running: "جارٍ",
  listen: "استماع",
  stopListening: "إيقاف الاستماع",
  listening: "تستمع الآن",
  takeOverSpeaking: "تولَّ المكالمة بالصوت",
  takeOverTyping: "تولَّ المكالمة بالكتابة",
  handBack: "أعدها إلى المساعد",
  hangUp: "إنهاء المكالمة",
  hangUpSure: "هل تنهي هذه المكالمة؟",
  cancel: "تراجع",
  mute: "كتم الصوت",
  unmute: "إلغاء الكتم",
  camera: "كاميرا المتصل",
  sound: "شغّل الصوت",
  message: "رسالة إلى المتصل",
  messageHint: "اكتب إلى المتصل",
  send: "إرسال",
  close: "إغلاق",
  back: "كل المكالمات",
  noClinic: "لا تشرف على أي عيادة.",
  troubles: {
    wrong: "البريد الإلكتروني أو كلمة المرور غير صحيحة.",
    tooMany: "محاولات كثيرة من هنا. انتظر دقيقة ثم حاول مرة أخرى.",
    failed: "الخادم لا يرد. تحقق من الاتصال وحاول مرة أخرى.",
    signedOut: "تم تسجيل خروجك. سجّل الدخول مرة أخرى.",
    notDone: "لم يتم ذلك.",
    notHeard: "انقطع صوت المكالمة. حاول مرة أخرى.",
    microphone: "لا يمكن استخدام الميكروفون. اسمح به من العلامة المجاورة لعنوان هذه الصفحة.",
  },
};
