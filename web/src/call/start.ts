// What a call needs before it can be connected: a token, and the microphone.
import type { TroubleName } from "../words";

/** Something that the patient is told, and that ends the attempt. */
export class Refused extends Error {
  constructor(readonly trouble: TroubleName) {
    super(trouble);
  }
}

export type Channel = "voice" | "text";

export interface Join {
  url: string;
  token: string;
  identity: string;
  /** Whether it leads back into a call that was under way. */
  own: boolean;
}

const TROUBLE_BY_STATUS: Record<number, TroubleName> = { 404: "unknown", 429: "tooMany", 503: "full" };

/** Asks the runtime for a call. `fresh` after hanging up: not back into the call that is ending. */
export async function askForCall(slug: string, channel: Channel, language: string, fresh: boolean): Promise<Join> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/clinics/${encodeURIComponent(slug)}/calls`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ channel, language, new: fresh }),
    });
  } catch {
    throw new Refused("failed");
  }
  if (!answer.ok) throw new Refused(TROUBLE_BY_STATUS[answer.status] ?? "failed");
  const given = (await answer.json()) as Record<"server_url" | "participant_token" | "participant_identity", string>;
  return {
    url: given.server_url,
    token: given.participant_token,
    identity: given.participant_identity,
    own: answer.status === 200,
  };
}

/** The microphone, with the browser's cancellation of echo and noise. */
export async function openMicrophone(): Promise<MediaStreamTrack> {
  // Not there at all on an insecure address.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices?.getUserMedia) throw new Refused("insecure");
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  try {
    const [track] = (await devices.getUserMedia({ audio })).getAudioTracks();
    if (!track) throw new Refused("noMicrophone");
    return track;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(microphoneTrouble(error));
  }
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : "");

function microphoneTrouble(error: unknown): TroubleName {
  switch (nameOf(error)) {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotFoundError":
    case "OverconstrainedError":
      return "noMicrophone";
    default:
      return "busyMicrophone";
  }
}

export function cameraTrouble(error: unknown): TroubleName {
  return ["NotAllowedError", "SecurityError"].includes(nameOf(error)) ? "cameraRefused" : "noCamera";
}
