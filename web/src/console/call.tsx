// One call: what is said in it, and what may be done with it.
import { type FormEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Language } from "../words";
import { type Desk, type DeskState, isMine } from "./desk";
import * as icons from "./icons";
import { type Call, keyOf, type Shown } from "./live";
import { Duration, stateOf } from "./parts";
import type { Words } from "./words";

interface Props {
  call: Call;
  desk: Desk;
  state: DeskState;
  words: Words;
  language: Language;
}

export function CallView({ call, desk, state, words, language }: Props) {
  const view = useRef<HTMLElement>(null);
  // Whoever uses the keyboard goes on where the call is.
  useEffect(() => view.current?.focus({ preventScroll: true }), []);
  const mine = isMine(call, state.me);
  return (
    <section className="view" ref={view} tabIndex={-1} aria-labelledby="who" data-agent={call.agent}>
      <header>
        <button className="small return" onClick={() => desk.look(null)}>
          {words.back}
        </button>
        <icons.Kind channel={call.channel} />
        <h2 id="who">{words.kind[call.channel]}</h2>
        {!call.ended && <Duration since={call.began_at} language={language} label={words.since} />}
        <p className="state" role="status">
          {stateOf(call, words)}
        </p>
        {call.patient && <span className="badge">{words.identified}</span>}
        {call.taken_over && <span className="badge strong">{mine ? words.takenByYou : words.takenBy(call.taken_over.name)}</span>}
      </header>
      {call.red_flags.length > 0 && (
        <p className="flag" role="alert">
          <icons.Flag />
          <strong>{words.redFlag}</strong> {call.red_flags.map((flag) => words.flags[flag] ?? flag).join(", ")}
        </p>
      )}
      <div className="middle">
        <Transcript call={call} words={words} />
        {state.listening?.call === call.call && state.listening.camera && <Camera desk={desk} words={words} />}
      </div>
      {!call.ended && mine && call.can_type && <Composer say={(text) => desk.say(call.call, text)} words={words} />}
      {!call.ended && <Actions call={call} desk={desk} state={state} words={words} mine={mine} />}
    </section>
  );
}

function Transcript({ call, words }: { call: Call; words: Words }) {
  const list = useRef<HTMLDivElement>(null);
  // Follows what is said, unless somebody has scrolled up to read.
  const follows = useRef(true);
  useLayoutEffect(() => {
    const element = list.current;
    if (element && follows.current) element.scrollTop = element.scrollHeight;
  }, [call.shown]);
  const onScroll = () => {
    const element = list.current;
    if (element) follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
  };
  return (
    <div className="lines" ref={list} onScroll={onScroll} tabIndex={0} role="log" aria-label={words.transcript} aria-live="polite">
      {call.shown.length === 0 && <p className="empty">{words.empty}</p>}
      {call.shown.map((shown) => (
        <Line key={keyOf(shown)} shown={shown} words={words} />
      ))}
    </div>
  );
}

function Line({ shown, words }: { shown: Shown; words: Words }) {
  if (shown.kind === "tool") {
    const { name, result } = shown.tool;
    return (
      <p className={`tool ${result === "refused" || result === "unavailable" ? "bad" : ""}`} data-tool={name}>
        <icons.Tool />
        <span>{words.tools[name] ?? name.replaceAll("_", " ")}</span>
        <em>{result === null ? words.running : (words.results[result] ?? result.replaceAll("_", " "))}</em>
      </p>
    );
  }
  const { by, text, is_final, complete } = shown.words;
  return (
    <p className={`line ${by}${is_final ? "" : " open"}`}>
      <span className="who">
        {words.who[by]}
        {!complete && ` (${words.cut})`}
      </span>
      <span className="words" dir="auto">
        {text}
      </span>
    </p>
  );
}

function Camera({ desk, words }: { desk: Desk; words: Words }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    desk.show(video.current);
    return () => desk.show(null);
  }, [desk]);
  return (
    <figure className="camera">
      <video ref={video} muted autoPlay playsInline aria-label={words.camera} />
    </figure>
  );
}

function Composer({ say, words }: { say: (text: string) => Promise<boolean>; words: Words }) {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const message = text.trim();
    if (!message) return;
    setText("");
    // What was not said can be tried again.
    void say(message).then((said) => !said && setText((now) => now || message));
  };
  return (
    <form className="composer" onSubmit={submit}>
      <label className="hidden" htmlFor="message">
        {words.message}
      </label>
      <input id="message" ref={field} value={text} onChange={(event) => setText(event.target.value)} placeholder={words.messageHint} dir={text ? "auto" : undefined} autoComplete="off" enterKeyHint="send" maxLength={2000} />
      <button className="primary" disabled={text.trim() === ""}>
        <icons.Send />
        {words.send}
      </button>
    </form>
  );
}

function Actions({ call, desk, state, words, mine }: Omit<Props, "language"> & { mine: boolean }) {
  const [asking, setAsking] = useState(false);
  const id = call.call;
  const listening = state.listening?.call === id;
  const speaking = state.speaking?.call === id ? state.speaking : null;
  // Who types has no microphone open, and could not answer.
  const speaks = call.can_speak && call.channel !== "text";
  if (asking) {
    return (
      <div className="actions" role="group" aria-label={words.hangUpSure}>
        <p>{words.hangUpSure}</p>
        <button autoFocus onClick={() => setAsking(false)}>
          {words.cancel}
        </button>
        <button className="end" disabled={state.busy} onClick={() => void desk.hangUp(id).then(() => setAsking(false))}>
          {words.hangUp}
        </button>
      </div>
    );
  }
  return (
    <div className="actions">
      {call.channel !== "phone" && (
        <button aria-pressed={listening} disabled={state.busy || speaking !== null} onClick={() => (listening ? desk.stopListening() : void desk.listen(id))}>
          {listening ? words.stopListening : words.listen}
        </button>
      )}
      {listening && state.listening?.silent && (
        <button className="primary" onClick={() => void desk.playSound()}>
          {words.sound}
        </button>
      )}
      {(!call.taken_over || (mine && !speaking)) && speaks && (
        <button className="primary" disabled={state.busy} onClick={() => void desk.speak(id)}>
          {words.takeOverSpeaking}
        </button>
      )}
      {!call.taken_over && call.can_type && (
        <button className={speaks ? "" : "primary"} disabled={state.busy} onClick={() => void desk.type(id)}>
          {words.takeOverTyping}
        </button>
      )}
      {speaking && (
        <button aria-pressed={speaking.muted} onClick={() => void desk.toggleMicrophone()}>
          {speaking.muted ? words.unmute : words.mute}
        </button>
      )}
      {mine && (
        <button className="primary" disabled={state.busy} onClick={() => void desk.handBack(id)}>
          {words.handBack}
        </button>
      )}
      <button className="end" disabled={state.busy} onClick={() => setAsking(true)}>
        {words.hangUp}
      </button>
    </div>
  );
}
