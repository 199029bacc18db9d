// The appointment that the assistant has made, moved or cancelled, from its participant attribute.

export interface Appointment {
  status: "booked" | "moved" | "cancelled";
  reference: string;
  doctor: string;
  specialty: string;
  startsAt: Date;
  timeZone: string;
}

const STATUSES = ["booked", "moved", "cancelled"] as const;

/** `undefined` if it cannot be read: then no card is shown rather than a wrong one. */
export function parseAppointment(json: string): Appointment | undefined {
  try {
    const all = JSON.parse(json) as Record<string, unknown>;
    const text = (key: string) => (typeof all[key] === "string" ? all[key] : "");
    const status = STATUSES.find((known) => known === all.status);
    const startsAt = new Date(text("starts_at"));
    if (!status || Number.isNaN(startsAt.valueOf())) return undefined;
    return {
      status,
      reference: text("reference"),
      doctor: text("doctor"),
      specialty: text("specialty"),
      startsAt,
      timeZone: text("time_zone"),
    };
  } catch {
    return undefined;
  }
}

/** Day and time at the clinic, wherever the patient is. */
export function whenOf(appointment: Appointment, language: string): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "full", timeStyle: "short" };
  try {
    return new Intl.DateTimeFormat(language, { ...options, timeZone: appointment.timeZone }).format(appointment.startsAt);
  } catch {
    return `${new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC" }).format(appointment.startsAt)} UTC`;
  }
}
