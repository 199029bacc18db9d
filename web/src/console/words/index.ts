// The words of the console's language; the languages are those of the patient's page.
import type { Language } from "../../words";
import type { Words } from "./catalogue";

export type { TroubleName, Words } from "./catalogue";

export async function wordsOf(language: Language): Promise<Words> {
  return language === "ar" ? (await import("./console-ar")).ar : (await import("./console-en")).en;
}
