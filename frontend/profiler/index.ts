/**
 * `profiler`: where the time goes (`jax.profiler`). Between `startTrace` and `stopTrace` every tracing, compilation with
 * its passes, loading and run is recorded as a span, with the program's own annotations around them; the result is a list
 * of spans and the text of a trace file for chrome://tracing or ui.perfetto.dev. Without a running trace nothing is
 * recorded and nothing measured.
 */
import { WeftValueError } from "../../compiler/types/errors.ts";
import { type Span, spans } from "../core/spans.ts";

export type { Span, SpanKind } from "../core/spans.ts";

/** What a trace recorded. */
export class Trace {
  constructor(
    /** In the order in which they ended: inner ones before those around them. */
    readonly spans: readonly Span[],
    /** Whether spans were lost because there were more than the trace was to keep. */
    readonly truncated: boolean,
  ) {}

  /** The text of a trace file, in Chrome's Trace Event Format: complete events, with times in microseconds. */
  toChromeTrace(): string {
    const events = this.spans.map(({ name, kind, start, duration, detail }) => ({
      name,
      cat: kind,
      ph: "X",
      ts: start * 1000,
      dur: duration * 1000,
      pid: 1,
      tid: 1,
      args: detail,
    }));
    return JSON.stringify({ traceEvents: events, displayTimeUnit: "ms" });
  }

  /** Milliseconds in spans of a kind that lie in no other of that kind, by name. */
  totals(kind: Span["kind"]): Map<string, number> {
    const found = this.spans.filter((span) => span.kind === kind);
    const totals = new Map<string, number>();
    for (const span of found) {
      const end = span.start + span.duration;
      const inner = found.some(
        (other) =>
          other !== span &&
          other.start <= span.start &&
          other.start + other.duration >= end &&
          other.duration > span.duration,
      );
      if (!inner) totals.set(span.name, (totals.get(span.name) ?? 0) + span.duration);
    }
    return totals;
  }
}

/** Options of `trace`, `startTrace` and `traceExport`. */
export interface TraceOptions {
  /** Spans kept; the rest are counted as lost. Default 1 000 000. */
  readonly limit?: number;
}

/** What the running trace has recorded. */
class Recording {
  readonly spans: Span[] = [];
  truncated = false;
  constructor(readonly limit: number) {}

  readonly listener = (span: Span): void => {
    if (this.spans.length < this.limit) this.spans.push(span);
    else this.truncated = true;
  };
}

/** The trace being recorded, if there is one: a program has one profiler. */
const running: { recording: Recording | null } = { recording: null };

/** Begins to record (`jax.profiler.start_trace`). Throws WeftValueError while a trace is running. */
export function startTrace(options: TraceOptions = {}): void {
  if (running.recording !== null) {
    throw new WeftValueError("Profile has already been started. Only one profile may be run at a time.");
  }
  running.recording = new Recording(options.limit ?? 1_000_000);
  spans.listener = running.recording.listener;
}

/** Ends the recording and returns it (`jax.profiler.stop_trace`). Throws WeftValueError where there is none. */
export function stopTrace(): Trace {
  const { recording } = running;
  if (recording === null) throw new WeftValueError("No profile started");
  running.recording = null;
  spans.listener = null;
  return new Trace(recording.spans, recording.truncated);
}

/** Records while `body` runs (`with jax.profiler.trace(…)`). */
export function trace<T>(body: () => T, options: TraceOptions = {}): { result: T; trace: Trace } {
  startTrace(options);
  let result: T;
  try {
    result = body();
  } catch (error) {
    stopTrace();
    throw error;
  }
  return { result, trace: stopTrace() };
}

/** Runs `body` as a span of a name of one's own (`with jax.profiler.TraceAnnotation(name): …`). */
export function traceAnnotation<T>(name: string, body: () => T, detail: Span["detail"] = {}): T {
  return spans.measure("annotation", name, body, detail);
}

/** A step of a training loop, with its number (`jax.profiler.StepTraceAnnotation`). */
export function stepTraceAnnotation<T>(name: string, stepNumber: number, body: () => T): T {
  return spans.measure("annotation", name, body, { step_num: stepNumber });
}

/** The function, each call of it a span of its name or the one given (`jax.profiler.annotate_function`). */
export function annotateFunction<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: { readonly name?: string } = {},
): (...args: A) => R {
  const name = options.name ?? (f.name === "" ? "<lambda>" : f.name);
  const annotated = (...args: A): R => spans.measure("annotation", name, () => f(...args));
  Object.defineProperty(annotated, "name", { value: f.name });
  return annotated;
}
