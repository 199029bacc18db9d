// The parts of the page that only show: notice, transcript, appointment, camera, line for typing.
import { type FormEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Trouble, Words } from "../words";
import { type Appointment, whenOf } from "./appointment";
import * as icons from "./icons";
import type { Line } from "./transcript";

export function Notice({ trouble, tone, children }: { trouble: Trouble; tone: "bad" | "calm"; children?: React.ReactNode }) {
  return (
    <div className={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <p>
        <strong dir="auto">{trouble.title}</strong> <span dir="auto">{trouble.text}</span>
      </p>
      {children && <div className="actions">{children}</div>}
    </div>
  );
}

export function Transcript({ lines, words }: { lines: readonly Line[]; words: Words }) {
  const list = useRef<HTMLDivElement>(null);
  // Follows what is said, unless the patient has scrolled up to read.
  const follows = useRef(true);
  useLayoutEffect(() => {
    const element = list.current;
    if (element && follows.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (follows.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const onScroll = () => {
    const element = list.current;
    if (element) follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
  };
  return (
    <div className="transcript">
      <div className="lines" ref={list} onScroll={onScroll} tabIndex={0} role="log" aria-label={words.transcript} aria-live="polite" aria-relevant="additions text">
        {lines.length === 0 && <p className="empty">{words.transcriptEmpty}</p>}
        {lines.map((line) => (
          <p key={line.id} className={`line ${line.mine ? "mine" : "theirs"}${line.staff === undefined ? "" : " staff"}${line.open ? " open" : ""}`}>
            <span className="who">{line.mine ? words.you : line.staff === undefined ? words.assistant : <bdi>{line.staff || words.staff}</bdi>}</span>
            <span className="words" dir="auto">
              {line.text}
            </span>
            {line.failed && <em className="failed">{words.notSent}</em>}
          </p>
        ))}
      </div>
    </div>
  );
}

export function AppointmentCard({ appointment, words, language }: { appointment: Appointment; words: Words; language: string }) {
  const { status, reference, doctor, specialty } = appointment;
  return (
    <section className={`appointment ${status}`} aria-label={words.appointment[status]} role="status">
      <h2>
        <icons.Calendar />
        {words.appointment[status]}
      </h2>
      <dl>
        <div>
          <dt>{words.when}</dt>
          <dd>
            <time dateTime={appointment.startsAt.toISOString()}>{whenOf(appointment, language)}</time>
          </dd>
        </div>
        <div>
          <dt>{words.doctor}</dt>
          <dd>
            <bdi>{doctor}</bdi>
            {specialty && (
              <span className="soft">
                {" · "}
                <bdi>{specialty}</bdi>
              </span>
            )}
          </dd>
        </div>
        <div>
          <dt>{words.reference}</dt>
          <dd className="reference" dir="ltr">
            {reference}
          </dd>
        </div>
      </dl>
    </section>
  );
}

export function Preview({ show, words }: { show: (element: HTMLVideoElement | null) => void; words: Words }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    show(video.current);
    return () => show(null);
  }, [show]);
  return (
    <figure className="preview">
      <video ref={video} muted autoPlay playsInline aria-label={words.camera} />
    </figure>
  );
}

export function Composer({ send, words, ready, focus }: { send: (text: string) => void; words: Words; ready: boolean; focus: boolean }) {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focus && ready) field.current?.focus();
  }, [focus, ready]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const message = text.trim();
    if (!message || !ready) return;
    send(message);
    setText("");
  };
  return (
    <form className="composer" onSubmit={submit}>
      <label className="hidden" htmlFor="message">
        {words.message}
      </label>
      <input id="message" ref={field} value={text} onChange={(event) => setText(event.target.value)} placeholder={words.messageHint} dir={text ? "auto" : undefined} autoComplete="off" enterKeyHint="send" maxLength={2000} />
      <button className="round accent" disabled={!ready || text.trim() === ""} title={words.send}>
        <icons.Send />
        <span className="hidden">{words.send}</span>
      </button>
    </form>
  );
}
