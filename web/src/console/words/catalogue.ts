// What the console says, by language. A language is complete or it does not compile.
import type { AgentState, Speaker } from "../live";

export interface Words {
  direction: "ltr" | "rtl";
  title: string;
  skip: string;
  language: string;
  signIn: { title: string; email: string; password: string; submit: string };
  signOut: string;
  clinic: string;
  connected: string;
  connecting: string;
  calls: { title: (count: number) => string; none: string; choose: string };
  kind: { web: string; text: string; phone: string };
  agent: Record<AgentState, string>;
  silent: string;
  callerAway: string;
  ended: (outcome: string) => string;
  outcomes: Record<string, string>;
  since: string;
  identified: string;
  redFlag: string;
  flags: Record<string, string>;
  takenBy: (name: string) => string;
  takenByYou: string;
  who: Record<Speaker, string>;
  speaking: string;
  transcript: string;
  empty: string;
  cut: string;
  tools: Record<string, string>;
  results: Record<string, string>;
  running: string;
  listen: string;
  stopListening: string;
  listening: string;
  takeOverSpeaking: string;
  takeOverTyping: string;
  handBack: string;
  hangUp: string;
  hangUpSure: string;
  cancel: string;
  mute: string;
  unmute: string;
  camera: string;
  sound: string;
  message: string;
  messageHint: string;
  send: string;
  close: string;
  back: string;
  noClinic: string;
  troubles: {
    wrong: string;
    tooMany: string;
    failed: string;
    signedOut: string;
    notDone: string;
    notHeard: string;
    microphone: string;
  };
}

export type TroubleName = keyof Words["troubles"];
