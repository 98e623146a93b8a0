/** Keeps what every pass made, for commands that show or compare stages; and one observer out of several. */
import type { Artifact, CompileObserver, PassRecord } from "../../compiler/pass-runner.ts";

/** A pass that ran, and what it made. */
export interface RecordedPass {
  readonly record: PassRecord;
  readonly artifact: Artifact;
}

export class CompileRecording implements CompileObserver {
  /** In order; the first is the graph as it was traced. */
  readonly passes: RecordedPass[] = [];

  passed(record: PassRecord, artifact: Artifact): void {
    this.passes.push({ record, artifact });
  }

  failed(): void {}
}

/** Tells all of them that are there. */
export function allObservers(...observers: readonly (CompileObserver | null | undefined)[]): CompileObserver {
  const there = observers.filter((observer) => observer !== null && observer !== undefined);
  return {
    passed(record, artifact) {
      for (const observer of there) observer.passed(record, artifact);
    },
    failed(record, input, error) {
      for (const observer of there) observer.failed(record, input, error);
    },
  };
}
