// The few signs of the buttons. Decoration: the buttons say in words what they do.
import type { ReactNode } from "react";

const icon = (path: ReactNode, className?: string) => () => (
  <svg className={className} viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinecap="round" strokeLinejoin="round">
    {path}
  </svg>
);

const HANDSET =
  "M6.5 3.5h2.6l1.6 4.3-2.1 1.4a11.5 11.5 0 0 0 6.2 6.2l1.4-2.1 4.3 1.6v2.6a2 2 0 0 1-2.1 2A16.5 16.5 0 0 1 4.5 5.6a2 2 0 0 1 2-2.1Z";
const MICROPHONE = (
  <>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
  </>
);
const CAMERA = (
  <>
    <rect x="3" y="6.5" width="12.5" height="11" rx="2.5" />
    <path d="m15.5 11 5.5-3v8l-5.5-3" />
  </>
);
const STRUCK = <path d="M4 4l16 16" />;

export const Handset = icon(<path d={HANDSET} />);
export const HangUp = icon(<path d={HANDSET} transform="rotate(135 12 12)" />);
export const Microphone = icon(MICROPHONE);
export const MicrophoneOff = icon(
  <>
    {MICROPHONE}
    {STRUCK}
  </>,
);
export const Camera = icon(CAMERA);
export const CameraOff = icon(
  <>
    {CAMERA}
    {STRUCK}
  </>,
);
export const Keyboard = icon(
  <>
    <rect x="2.5" y="6" width="19" height="12" rx="2.5" />
    <path d="M6.5 10h.01M10 10h.01M14 10h.01M17.5 10h.01M8 14h8" />
  </>,
);
export const Send = icon(<path d="M4 12 20 4.5 15.5 20l-3.7-6.2L4 12Zm7.8 1.8L20 4.5" />, "turns");
export const Sound = icon(<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4Zm11.5-.5a4.5 4.5 0 0 1 0 6m2.6-8.6a8 8 0 0 1 0 11.2" />);
export const Calendar = icon(
  <>
    <rect x="3.5" y="5" width="17" height="15.5" rx="3" />
    <path d="M3.5 10h17M8 3v4M16 3v4m-7.5 8 2.3 2.2 4.2-4.4" />
  </>,
);
