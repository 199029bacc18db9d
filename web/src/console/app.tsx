// The console: signing in, the list of live calls, and one of them.
import { type FormEvent, useSyncExternalStore } from "react";
import { type Language, languages } from "../words";
import { CallView } from "./call";
import { type Desk, type DeskState, isMine } from "./desk";
import * as icons from "./icons";
import type { Call } from "./live";
import { Duration, stateOf } from "./parts";
import type { Words } from "./words";

interface Props {
  desk: Desk;
  language: Language;
  words: Words;
}

export function App({ desk, language, words }: Props) {
  const state = useSyncExternalStore(desk.subscribe, desk.snapshot);
  if (state.opening) return null;
  return (
    <>
      <a className="skip" href="#main">
        {words.skip}
      </a>
      <div className="frame">
        <Header desk={desk} state={state} language={language} words={words} />
        <main id="main" tabIndex={-1} data-connected={state.connected}>
          <Trouble desk={desk} state={state} words={words} />
          {!state.me ? (
            <SignIn desk={desk} state={state} words={words} />
          ) : !state.clinic ? (
            <p className="empty">{words.noClinic}</p>
          ) : (
            <Calls desk={desk} state={state} language={language} words={words} />
          )}
        </main>
      </div>
    </>
  );
}

function Header({ desk, state, language, words }: Props & { state: DeskState }) {
  const { me, clinic } = state;
  return (
    <header>
      <h1>{words.title}</h1>
      {me && clinic && me.clinics.length > 1 && (
        <label className="clinic">
          <span className="hidden">{words.clinic}</span>
          <select value={clinic.slug} onChange={(event) => desk.choose(event.target.value)}>
            {me.clinics.map(({ slug, name }) => (
              <option key={slug} value={slug}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {me && clinic && me.clinics.length === 1 && <bdi className="clinic">{clinic.name}</bdi>}
      {clinic && (
        <p className={`live ${state.connected ? "on" : ""}`} role="status">
          {state.connected ? words.connected : words.connecting}
        </p>
      )}
      <nav aria-label={words.language}>
        {(Object.keys(languages) as Language[])
          .filter((code) => code !== language)
          .map((code) => (
            <a key={code} href={`?lang=${code}`} lang={code} hrefLang={code}>
              {languages[code]}
            </a>
          ))}
      </nav>
      {me && (
        <>
          <bdi className="soft">{me.name}</bdi>
          <button className="small" onClick={() => void desk.signOut()}>
            {words.signOut}
          </button>
        </>
      )}
    </header>
  );
}

function Trouble({ desk, state, words }: { desk: Desk; state: DeskState; words: Words }) {
  if (!state.trouble) return null;
  const { name, detail } = state.trouble;
  return (
    <div className="trouble" role="alert">
      <p>
        <strong>{words.troubles[name]}</strong>
        {name === "notDone" && detail && (
          <span lang="en" dir="ltr">
            {" "}
            {detail}
          </span>
        )}
      </p>
      <button className="small" onClick={() => desk.dismiss()}>
        {words.close}
      </button>
    </div>
  );
}

function SignIn({ desk, state, words }: { desk: Desk; state: DeskState; words: Words }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    void desk.signIn(String(given.get("email")), String(given.get("password")));
  };
  return (
    <form className="sign-in" onSubmit={submit}>
      <h2>{words.signIn.title}</h2>
      <label>
        {words.signIn.email}
        <input name="email" type="email" autoComplete="username" required dir="ltr" autoFocus />
      </label>
      <label>
        {words.signIn.password}
        <input name="password" type="password" autoComplete="current-password" required dir="ltr" />
      </label>
      <button className="primary" disabled={state.busy}>
        {words.signIn.submit}
      </button>
    </form>
  );
}

/** Those with a red flag first, then by how long they last. */
function sorted(calls: Iterable<Call>): Call[] {
  const urgent = (call: Call) => (call.red_flags.length > 0 && !call.ended ? 0 : 1);
  return [...calls].sort((a, b) => urgent(a) - urgent(b) || a.began_at.localeCompare(b.began_at));
}

function Calls({ desk, state, language, words }: Props & { state: DeskState }) {
  const calls = sorted(state.calls.values());
  const live = calls.filter((call) => !call.ended).length;
  const chosen = state.chosen ? state.calls.get(state.chosen) : undefined;
  return (
    <div className={`desk ${chosen ? "open" : ""}`}>
      <section className="list" aria-labelledby="count">
        <h2 id="count">{words.calls.title(live)}</h2>
        {calls.length === 0 && <p className="empty">{words.calls.none}</p>}
        <ul>
          {calls.map((call) => (
            <li key={call.call}>
              <Entry call={call} state={state} words={words} language={language} choose={() => desk.look(call.call)} />
            </li>
          ))}
        </ul>
      </section>
      {chosen ? (
        <CallView key={chosen.call} call={chosen} desk={desk} state={state} words={words} language={language} />
      ) : (
        <section className="nothing">
          {calls.length > 0 && <p className="empty">{words.calls.choose}</p>}
        </section>
      )}
    </div>
  );
}

interface EntryProps {
  call: Call;
  state: DeskState;
  words: Words;
  language: Language;
  choose: () => void;
}

function Entry({ call, state, words, language, choose }: EntryProps) {
  const flagged = call.red_flags.length > 0;
  const last = call.shown.filter((shown) => shown.kind === "words").at(-1);
  return (
    <button className={`entry ${flagged ? "flagged" : ""} ${call.ended ? "over" : ""}`} aria-pressed={state.chosen === call.call} onClick={choose} data-call={call.call}>
      <span className="top">
        <icons.Kind channel={call.channel} />
        <strong>{words.kind[call.channel]}</strong>
        {!call.ended && <Duration since={call.began_at} language={language} label={words.since} />}
      </span>
      {flagged && (
        <span className="badge bad">
          <icons.Flag />
          {words.redFlag}
        </span>
      )}
      {call.taken_over && <span className="badge">{isMine(call, state.me) ? words.takenByYou : words.takenBy(call.taken_over.name)}</span>}
      {state.listening?.call === call.call && <span className="badge">{words.listening}</span>}
      <span className="soft">{stateOf(call, words)}</span>
      {last && (
        <span className="last" dir="auto">
          {last.words.text}
        </span>
      )}
    </button>
  );
}
