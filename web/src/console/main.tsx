// The beginning of the console.
import "./style.css";
import { createRoot } from "react-dom/client";
import { chosenLanguage } from "../words";
import { App } from "./app";
import { Desk } from "./desk";
import { wordsOf } from "./words";

async function begin(place: HTMLElement) {
  const language = chosenLanguage(location.search, navigator.languages);
  const words = await wordsOf(language);
  document.documentElement.lang = language;
  document.documentElement.dir = words.direction;
  document.title = `${words.title} · Frontdesk`;
  const desk = new Desk();
  createRoot(place).render(<App desk={desk} language={language} words={words} />);
  await desk.resume();
}

const place = document.getElementById("page");
if (place) void begin(place);
