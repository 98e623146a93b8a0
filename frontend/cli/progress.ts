/** What a long compilation is doing: a bar on stderr, where that is a terminal. */
import ProgressBar from "progress";
import type { CompileObserver, PassRecord } from "../../compiler/pass-runner.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";

/** Nothing is shown of what takes less. */
const DELAY = 400;

/** The graph as traced, the passes of graphs, fusion, assembly, WebAssembly. */
const STEPS = GRAPH_PASSES.length + 4;

/** Follows one compilation of so many stages; null where nobody would see it. `what` is said before the bar. */
export function compileProgress(what: string, stages = STEPS): CompileObserver | null {
  if (process.stderr.isTTY !== true) return null;
  const steps = progress(what, stages);
  return { passed: ({ name }: PassRecord) => steps.done(name), failed: () => steps.end() };
}

export interface Progress {
  /** One more step is done. */
  done(step: string): void;
  /** Nothing more will come. */
  end(): void;
}

/** Progress over a number of steps; silent where stderr is no terminal, or until it has taken a while. */
export function progress(what: string, total: number): Progress {
  if (process.stderr.isTTY !== true) return { done: () => undefined, end: () => undefined };
  const started = performance.now();
  let bar: ProgressBar | null = null;
  let count = 0;
  const time = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  return {
    done(step) {
      count++;
      if (bar === null) {
        if (performance.now() - started < DELAY || count >= total) return;
        bar = new ProgressBar(`${what} [:bar] :current/:total :step :time`, {
          total,
          curr: count,
          width: 30,
          clear: true,
          stream: process.stderr,
          renderThrottle: 0,
        });
        bar.render({ step, time: time() });
      } else bar.tick({ step, time: time() });
    },
    end() {
      bar?.terminate();
    },
  };
}
