// The beginning of the patient's page.
import "./style.css";
import { createRoot } from "react-dom/client";
import { clinicOfPage } from "../clinic";
import { chosenLanguage, wordsOf } from "../words";
import { App } from "./app";
import { CallSession } from "./session";

async function begin(place: HTMLElement) {
  const clinic = clinicOfPage();
  const language = chosenLanguage(location.search, navigator.languages);
  const words = await wordsOf(language);
  document.documentElement.lang = language;
  document.documentElement.dir = words.direction;
  if (clinic.name) document.title = words.title(clinic.name);
  const session = new CallSession(clinic.slug, language);
  createRoot(place).render(<App session={session} clinic={clinic} language={language} words={words} />);
  if (clinic.name) session.resume();
}

const place = document.getElementById("page");
if (place) void begin(place);
