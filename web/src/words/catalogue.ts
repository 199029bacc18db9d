// What the page says, by language. A language is complete or it does not compile.

/** How one of the troubles is told, and what to do about it. */
export interface Trouble {
  title: string;
  text: string;
}

export interface Words {
  direction: "ltr" | "rtl";
  title: (clinic: string) => string;
  skip: string;
  languages: string;
  intro: string;
  /** Where the assistant does not speak the page's language; the languages it speaks. */
  speaks: (languages: string) => string;
  microphoneHint: string;
  emergency: (number: string) => string;
  telephone: (number: string) => string;
  call: string;
  callAgain: string;
  type: string;
  state: {
    asking: string;
    connecting: string;
    waiting: string;
    initializing: string;
    listening: string;
    thinking: string;
    speaking: string;
    reconnecting: string;
    ended: string;
  };
  mute: string;
  unmute: string;
  cameraOn: string;
  cameraOff: string;
  hangUp: string;
  sound: string;
  camera: string;
  assistant: string;
  staff: string;
  you: string;
  transcript: string;
  transcriptEmpty: string;
  message: string;
  messageHint: string;
  send: string;
  notSent: string;
  close: string;
  appointment: { booked: string; moved: string; cancelled: string };
  doctor: string;
  when: string;
  reference: string;
  troubles: {
    refused: Trouble;
    noMicrophone: Trouble;
    busyMicrophone: Trouble;
    insecure: Trouble;
    cameraRefused: Trouble;
    noCamera: Trouble;
    nobody: Trouble;
    full: Trouble;
    tooMany: Trouble;
    unknown: Trouble;
    failed: Trouble;
    lost: Trouble;
    elsewhere: Trouble;
    over: Trouble;
    hungUp: Trouble;
    reconnecting: Trouble;
    back: Trouble;
    returned: Trouble;
  };
  tryAgain: string;
  comeBack: string;
}

export type TroubleName = keyof Words["troubles"];
