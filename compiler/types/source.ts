/** Where in the user's code an equation came from. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The enclosing function's name, if the engine knew one. */
  readonly functionName?: string;
}

/**
 * A reference to a source location that is resolved only when somebody asks: formatting a stack trace costs far
 * more than capturing it, and most equations are never printed.
 */
export interface SourceRef {
  /** The location, or null where it is unknown. */
  resolve(): SourceLocation | null;
}

/** A reference whose location is already known, as the parser makes from `// loss.ts:7:3`. */
export function knownSource(location: SourceLocation): SourceRef {
  return { resolve: () => location };
}

/** Of an equation within a call: its own location, or where that is unknown the call's. */
export function sourceWithin(own: SourceRef | null, call: SourceRef | null): SourceRef | null {
  if (own === null || call === null || own === call) return own ?? call;
  return { resolve: () => own.resolve() ?? call.resolve() };
}

/** `loss.ts:7:3`, with the path's last two segments at most. */
export function formatSource(location: SourceLocation): string {
  const short = location.file.split(/[\\/]/).slice(-2).join("/");
  return `${short}:${location.line}:${location.column}`;
}
