// Small parts that the list and the view of a call share.
import { useEffect, useState } from "react";
import type { Call } from "./live";
import type { Words } from "./words";

/** What happens in a call, in a few words. */
export function stateOf(call: Call, words: Words): string {
  if (call.ended) return words.ended(words.outcomes[call.ended.outcome] ?? call.ended.outcome);
  if (!call.caller_here) return words.callerAway;
  const speaking = call.speaking.find((who) => who !== "agent");
  if (speaking) return `${words.who[speaking]} ${words.speaking}`;
  return call.taken_over ? words.silent : words.agent[call.agent];
}

/** How long it has lasted, as it goes on. */
export function Duration({ since, language, label }: { since: string; language: string; label: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  const digits = new Intl.NumberFormat(language, { minimumIntegerDigits: 2 });
  return (
    <time className="duration" dateTime={`PT${seconds}S`} dir="ltr">
      <span className="hidden">{label} </span>
      {digits.format(Math.floor(seconds / 60))}:{digits.format(seconds % 60)}
    </time>
  );
}
