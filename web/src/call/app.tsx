// The patient's page: before the call, in it, after it.
import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import type { Clinic } from "../clinic";
import { type Language, languages, type TroubleName, type Words } from "../words";
import * as icons from "./icons";
import { AppointmentCard, Composer, Notice, Preview, Transcript } from "./parts";
import { type CallSession, type CallState, loadLiveKit } from "./session";

interface Props {
  session: CallSession;
  clinic: Clinic;
  language: Language;
  words: Words;
}

/** What is no bad news. */
const CALM: readonly TroubleName[] = ["over", "hungUp", "elsewhere", "back", "returned"];

export function App({ session, clinic, language, words }: Props) {
  const call = useSyncExternalStore(session.subscribe, session.snapshot);
  const running = call.phase !== "idle" && call.phase !== "ended";
  return (
    <>
      <a className="skip" href="#call">
        {words.skip}
      </a>
      <div className={`frame ${running || call.lines.length > 0 ? "wide" : ""}`}>
        <Header clinic={clinic} language={language} words={words} running={running} />
        <main id="call" tabIndex={-1} data-phase={call.phase} data-agent={call.agent}>
          {!clinic.name ? (
            <div className="start">
              <Notice trouble={words.troubles.unknown} tone="bad" />
            </div>
          ) : running || call.lines.length > 0 ? (
            <Conversation call={call} session={session} words={words} language={language} clinic={clinic} running={running} />
          ) : (
            <Start call={call} session={session} clinic={clinic} language={language} words={words} />
          )}
        </main>
        {clinic.emergency && (
          <footer>
            <a href={`tel:${clinic.emergency}`}>{words.emergency(clinic.emergency)}</a>
          </footer>
        )}
      </div>
    </>
  );
}

function Header({ clinic, language, words, running }: Omit<Props, "session"> & { running: boolean }) {
  return (
    <header>
      <h1>
        <bdi>{clinic.name || "Frontdesk"}</bdi>
      </h1>
      {/* Another language is another page: not in the middle of a call. */}
      {!running && (
        <nav aria-label={words.languages}>
          {(Object.keys(languages) as Language[])
            .filter((code) => code !== language)
            .map((code) => (
              <a key={code} href={`?lang=${code}`} lang={code} hrefLang={code}>
                {languages[code]}
              </a>
            ))}
        </nav>
      )}
    </header>
  );
}

function Start({ call, session, clinic, language, words }: Props & { call: CallState }) {
  const named = new Intl.DisplayNames(language, { type: "language" });
  const foreign = clinic.speaks.length > 0 && !clinic.speaks.includes(language);
  const spoken = clinic.speaks.map((code) => named.of(code) ?? code).join(language === "ar" ? "، " : ", ");
  return (
    <div className="start">
      <Orb state="idle" />
      <p className="intro">{words.intro}</p>
      {foreign && <p className="soft">{words.speaks(spoken)}</p>}
      <Trouble call={call} session={session} words={words} clinic={clinic} />
      <StartButtons session={session} words={words} after={call.trouble} />
      <p className="soft small">{words.microphoneHint}</p>
    </div>
  );
}

function StartButtons({ session, words, after }: { session: CallSession; words: Words; after: TroubleName | undefined }) {
  const first = after === undefined ? words.call : CALM.includes(after) ? words.callAgain : words.tryAgain;
  // The room's part of the page comes while the finger is on its way.
  const warm = () => void loadLiveKit().catch(() => {});
  return (
    <div className="choices">
      <button className="call" onClick={() => void session.start("voice")} onPointerDown={warm}>
        <icons.Handset />
        {first}
      </button>
      <button className="plain" onClick={() => void session.start("text")} onPointerDown={warm}>
        <icons.Keyboard />
        {words.type}
      </button>
    </div>
  );
}

function Trouble({ call, session, words, clinic }: { call: CallState; session: CallSession; words: Words; clinic: Clinic }) {
  const name = call.trouble;
  if (!name) return null;
  const calm = CALM.includes(name);
  const telephone = clinic.phone && ["nobody", "full", "tooMany", "failed"].includes(name);
  const running = call.phase !== "idle" && call.phase !== "ended";
  return (
    <Notice trouble={words.troubles[name]} tone={calm ? "calm" : "bad"}>
      {telephone && <a href={`tel:${clinic.phone}`}>{words.telephone(clinic.phone)}</a>}
      {(name === "lost" || name === "elsewhere") && (
        <button className="small" onClick={() => void session.start(call.channel, true)}>
          {words.comeBack}
        </button>
      )}
      {running && name !== "reconnecting" && (
        <button className="small" onClick={() => session.dismiss()}>
          {words.close}
        </button>
      )}
    </Notice>
  );
}

/** What the assistant is doing, for the eye; in words beside it. */
function Orb({ state }: { state: string }) {
  return (
    <div className="orb" data-state={state} aria-hidden="true">
      <span />
      <span />
      <span />
      <b>
        <icons.Handset />
      </b>
    </div>
  );
}

function Conversation({ call, session, words, language, clinic, running }: Props & { call: CallState; running: boolean }) {
  const state = call.phase === "talking" ? call.agent : call.phase;
  const show = useCallback((element: HTMLVideoElement | null) => session.showCamera(element), [session]);
  const side = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Whoever uses the keyboard goes on where the call is.
    side.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="conversation">
      <div className="side" ref={side} tabIndex={-1}>
        <div className="who">
          <Orb state={state} />
          <p className="state" role="status">
            {state === "idle" ? words.state.ended : words.state[state]}
          </p>
        </div>
        {running && call.camera !== "off" && <Preview show={show} words={words} />}
        {call.appointments.map((appointment) => (
          <AppointmentCard key={appointment.reference} appointment={appointment} words={words} language={language} />
        ))}
      </div>
      <div className="talk">
        <Trouble call={call} session={session} words={words} clinic={clinic} />
        {call.silent && (
          <button className="call sound" onClick={() => void session.playSound()}>
            <icons.Sound />
            {words.sound}
          </button>
        )}
        <Transcript lines={call.lines} words={words} />
        {running ? (
          <>
            <Composer send={(text) => void session.send(text)} words={words} ready={call.phase === "talking" || call.phase === "waiting"} focus={call.channel === "text"} />
            <Controls call={call} session={session} words={words} />
          </>
        ) : (
          <StartButtons session={session} words={words} after={call.trouble} />
        )}
      </div>
    </div>
  );
}

function Controls({ call, session, words }: { call: CallState; session: CallSession; words: Words }) {
  return (
    <div className="controls">
      {call.channel === "voice" && (
        <button className="control" aria-pressed={call.muted} disabled={!call.microphone} onClick={() => void session.toggleMicrophone()}>
          {call.muted ? <icons.MicrophoneOff /> : <icons.Microphone />}
          {call.muted ? words.unmute : words.mute}
        </button>
      )}
      <button className="control" aria-pressed={call.camera === "on"} disabled={call.camera === "starting" || call.phase !== "talking"} onClick={() => void session.toggleCamera()}>
        {call.camera === "on" ? <icons.CameraOff /> : <icons.Camera />}
        {call.camera === "on" ? words.cameraOff : words.cameraOn}
      </button>
      <button className="control end" onClick={() => session.hangUp()}>
        <icons.HangUp />
        {words.hangUp}
      </button>
    </div>
  );
}
