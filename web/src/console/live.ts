// A live call as the feed tells it, and the state that its events come to.

export type Speaker = "caller" | "agent" | "supervisor";
export type AgentState = "initializing" | "listening" | "thinking" | "speaking";

export interface Words {
  line: number;
  by: Speaker;
  text: string;
  is_final: boolean;
  /** Whether the caller heard all of it. */
  complete: boolean;
}

export interface ToolRun {
  number: number;
  name: string;
  /** What kind of result it gave, once it has. */
  result: string | null;
}

export interface TakenOver {
  user: string;
  name: string;
  voice: boolean;
}

export interface LiveCall {
  call: string;
  began_at: string;
  channel: "web" | "text" | "phone";
  caller_kind: "app" | "phone";
  room: string;
  language: string;
  caller_here: boolean;
  caller_identity: string | null;
  can_speak: boolean;
  can_type: boolean;
  patient: string | null;
  agent: AgentState;
  speaking: Speaker[];
  words: Words[];
  tools: ToolRun[];
  red_flags: string[];
  taken_over: TakenOver | null;
}

export type What =
  | { type: "started"; state: LiveCall }
  | { type: "caller"; here: boolean; identity: string | null }
  | { type: "identified"; patient: string }
  | { type: "agent"; state: AgentState }
  | { type: "speaking"; by: Speaker; speaking: boolean }
  | ({ type: "words" } & Words)
  | ({ type: "tool" } & ToolRun)
  | { type: "red_flag"; flag: string }
  | ({ type: "taken_over" } & TakenOver)
  | { type: "handed_back"; why: "asked" | "lost" }
  | { type: "ended"; outcome: string; error: string | null };

export interface Told {
  number: number;
  at: string;
  call: string;
  what: What;
}

/** A line of what is shown of a call: words, or a tool beside them. */
export type Shown = { kind: "words"; words: Words } | { kind: "tool"; tool: ToolRun };

/** A call as the console keeps it: also for a while after its end. */
export interface Call extends LiveCall {
  /** Words and tools in the order in which they came. */
  shown: readonly Shown[];
  ended: { outcome: string } | null;
}

export type Calls = ReadonlyMap<string, Call>;

/** As it stands; how words and tools were mixed before, nobody knows: tools come first. */
export function begin(state: LiveCall): Call {
  const tools = state.tools.map((tool): Shown => ({ kind: "tool", tool }));
  const words = state.words.map((words): Shown => ({ kind: "words", words }));
  return { ...state, shown: [...tools, ...words], ended: null };
}

/** The calls after an event; an event of a call that is not known changes nothing. */
export function after(calls: Calls, { call: id, what }: Told): Calls {
  const next = new Map(calls);
  if (what.type === "started") return next.set(id, begin(what.state));
  const call = calls.get(id);
  return call ? next.set(id, applied(call, what)) : calls;
}

function applied(call: Call, what: Exclude<What, { type: "started" }>): Call {
  switch (what.type) {
    case "caller":
      return { ...call, caller_here: what.here, caller_identity: what.identity ?? call.caller_identity };
    case "identified":
      return { ...call, patient: what.patient };
    case "agent":
      return { ...call, agent: what.state };
    case "speaking": {
      const others = call.speaking.filter((who) => who !== what.by);
      return { ...call, speaking: what.speaking ? [...others, what.by] : others };
    }
    case "words":
      return { ...call, shown: put(call.shown, { kind: "words", words: what }) };
    case "tool":
      return { ...call, shown: put(call.shown, { kind: "tool", tool: what }) };
    case "red_flag":
      return call.red_flags.includes(what.flag) ? call : { ...call, red_flags: [...call.red_flags, what.flag] };
    case "taken_over":
      return { ...call, taken_over: { user: what.user, name: what.name, voice: what.voice } };
    case "handed_back":
      return { ...call, taken_over: null };
    case "ended":
      return { ...call, ended: { outcome: what.outcome }, taken_over: null, speaking: [], caller_here: false };
    default:
      // What a newer server tells beside.
      return call;
  }
}

export const keyOf = (shown: Shown) => (shown.kind === "words" ? `w${shown.words.line}` : `t${shown.tool.number}`);

function put(all: readonly Shown[], one: Shown): readonly Shown[] {
  const key = keyOf(one);
  const at = all.findIndex((other) => keyOf(other) === key);
  return at < 0 ? [...all, one] : all.map((other, index) => (index === at ? one : other));
}
