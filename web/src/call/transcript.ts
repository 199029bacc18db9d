// The transcript as it is shown: one line for each segment, replaced as its words change.

export interface Line {
  id: string;
  mine: boolean;
  /** The name of the person of the clinic who says this instead of the assistant. */
  staff?: string | undefined;
  text: string;
  /** Whether the words may still change. */
  open: boolean;
  /** A typed message that did not reach the room. */
  failed?: boolean;
}

/** The lines with that one put in place, or added at the end; an empty one is not added. */
export function withLine(lines: readonly Line[], line: Line): readonly Line[] {
  const at = lines.findIndex((other) => other.id === line.id);
  if (at >= 0) return lines.map((other, index) => (index === at ? line : other));
  return line.text === "" ? lines : [...lines, line];
}
