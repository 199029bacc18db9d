// The few signs of the console. Decoration: what they mean stands in words beside them.
import type { ReactNode } from "react";

const icon = (path: ReactNode) => () => (
  <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinecap="round" strokeLinejoin="round">
    {path}
  </svg>
);

const Browser = icon(<path d="M4 5h16v11H4ZM9 20h6m-3-4v4" />);
const Keys = icon(<path d="M3 6.5h18v11H3ZM6.5 10h.01M10 10h.01M14 10h.01M17.5 10h.01M8 14h8" />);
const Handset = icon(
  <path d="M6.5 3.5h2.6l1.6 4.3-2.1 1.4a11.5 11.5 0 0 0 6.2 6.2l1.4-2.1 4.3 1.6v2.6a2 2 0 0 1-2.1 2A16.5 16.5 0 0 1 4.5 5.6a2 2 0 0 1 2-2.1Z" />,
);

export const Flag = icon(<path d="M6 21V4h11l-2 4 2 4H6" />);
export const Tool = icon(<path d="M14.5 6.5a4 4 0 0 0-5 5L4 17v3h3l5.5-5.5a4 4 0 0 0 5-5L15 12l-3-3Z" />);
export const Send = icon(<path d="M4 12 20 4.5 15.5 20l-3.7-6.2L4 12Zm7.8 1.8L20 4.5" />);

export function Kind({ channel }: { channel: "web" | "text" | "phone" }) {
  if (channel === "phone") return <Handset />;
  return channel === "text" ? <Keys /> : <Browser />;
}
