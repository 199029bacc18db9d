// Which language the page is in: `?lang=`, else the first of the browser's that there is.
import type { Words } from "./catalogue";

export type { Trouble, TroubleName, Words } from "./catalogue";

/** The languages by their own names. */
export const languages = { en: "English", ar: "العربية" };
export type Language = keyof typeof languages;

const isLanguage = (code: string | undefined): code is Language => code !== undefined && Object.hasOwn(languages, code);

export function chosenLanguage(search: string, preferred: readonly string[]): Language {
  const asked = new URLSearchParams(search).get("lang") ?? undefined;
  const wishes = [asked, ...preferred].map((tag) => tag?.toLowerCase().split("-")[0]);
  return wishes.find(isLanguage) ?? "en";
}

/** A page loads the words of its own language alone. */
export async function wordsOf(language: Language): Promise<Words> {
  return language === "ar" ? (await import("./ar")).ar : (await import("./en")).en;
}
