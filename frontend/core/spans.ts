/**
 * Where the time goes, for the profiler: what traces, compiles and runs says so here. While nobody listens, a span costs
 * one comparison.
 */

export type SpanKind = "trace" | "compile" | "pass" | "load" | "run" | "kernel" | "annotation";

/** A stretch of time, in milliseconds since the time origin (`performance.now()`). */
export interface Span {
  readonly name: string;
  readonly kind: SpanKind;
  readonly start: number;
  readonly duration: number;
  /** What else is known of it. */
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

export type SpanListener = (span: Span) => void;

class SpanSource {
  /** Who is told; null while nobody is. */
  listener: SpanListener | null = null;

  /** Runs `body` as a span. */
  measure<T>(kind: SpanKind, name: string, body: () => T, detail: Span["detail"] = {}): T {
    if (this.listener === null) return body();
    const start = performance.now();
    try {
      return body();
    } finally {
      this.report({ kind, name, start, duration: performance.now() - start, detail });
    }
  }

  /** Reports a span that was measured elsewhere. */
  report(span: Span): void {
    this.listener?.(span);
  }
}

/** Where spans are reported and listened to. */
export const spans = new SpanSource();
