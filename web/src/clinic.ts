// What the program has written into the page about the clinic.

export interface Clinic {
  slug: string;
  name: string;
  phone: string;
  emergency: string;
  /** Languages that the assistant speaks here. */
  speaks: string[];
}

/** The clinic of this page; without a name where there is none. */
export function clinicOfPage(): Clinic {
  const slug = decodeURIComponent(location.pathname.split("/").filter(Boolean).at(-1) ?? "");
  const written = document.querySelector<HTMLMetaElement>('meta[name="frontdesk-clinic"]')?.content ?? "";
  let known: Partial<Clinic> = {};
  try {
    known = JSON.parse(written) as Partial<Clinic>;
  } catch {
    // No clinic, or the page as it is before the program completes it.
  }
  const { name = "", phone = "", emergency = "", speaks = [] } = known;
  return { slug, name, phone, emergency, speaks };
}
