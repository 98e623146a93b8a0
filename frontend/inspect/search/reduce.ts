/**
 * Shrinks a failing graph: delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
 * Input", 2002) over outputs and equations, and smaller steps over operands, extents and values, until none of them
 * leaves a graph that still fails.
 */
import { subgraphsOf, type Value } from "../../../compiler/graph/graph.ts";
import type { ReferenceContext } from "../../../compiler/graph/primitive.ts";
import type { RefTensor } from "../../../compiler/graph/reference.ts";
import { interpretGraph } from "../../../compiler/interpret/reference.ts";
import { primitiveOf } from "../../../compiler/primitives/table.ts";
import { isFloating } from "../../../compiler/types/dtype.ts";
import { graphViolations } from "../../../compiler/verify/index.ts";
import {
  bypass,
  cleaned,
  cut,
  emptyBodies,
  extentsOf,
  inputAsLiteral,
  type Trial,
  withEarlierOutput,
  withExtent,
  withOutputs,
} from "./edit-graph.ts";

/** Whether a graph still fails in the way that is looked for. */
export type StillFails = (trial: Trial) => boolean;

export interface ReduceLimits {
  /** Milliseconds of `performance.now()` at which to stop. */
  readonly deadline: number;
  /** Told after each graph that was kept. */
  readonly onSmaller: (trial: Trial, tried: number) => void;
}

export interface Reduced {
  readonly trial: Trial;
  /** Graphs that were tried. */
  readonly tried: number;
  /** Whether time ran out before no step helped any more. */
  readonly stopped: boolean;
}

/** The smallest graph found. `trial` itself has to fail. */
export function reduceGraph(trial: Trial, stillFails: StillFails, limits: ReduceLimits): Reduced {
  const reducer = new Reducer(trial, stillFails, limits);
  return reducer.run();
}

class Reducer {
  #best: Trial;
  #tried = 0;

  constructor(
    trial: Trial,
    private readonly stillFails: StillFails,
    private readonly limits: ReduceLimits,
  ) {
    this.#best = trial;
  }

  run(): Reduced {
    this.#try(cleaned(this.#best));
    const steps = [
      () => this.#outputs(),
      () => this.#tails(),
      () => this.#equations(),
      () => this.#extents(),
      () => this.#bypasses(),
      () => this.#bodies(),
      () => this.#literals(),
      () => this.#values(),
    ];
    for (let changed = true; changed && !this.#late; ) {
      changed = false;
      for (const step of steps) if (step()) changed = true;
    }
    return { trial: this.#best, tried: this.#tried, stopped: this.#late };
  }

  get #late(): boolean {
    return performance.now() > this.limits.deadline;
  }

  /** Keeps a graph that is well-formed and fails. */
  #try(trial: Trial | null): boolean {
    if (trial === null || this.#late || trial.graph.outputs.length === 0) return false;
    if (graphViolations(trial.graph).length > 0) return false;
    this.#tried++;
    if (!this.stillFails(trial)) return false;
    this.#best = trial;
    this.limits.onSmaller(trial, this.#tried);
    return true;
  }

  #outputs(): boolean {
    const all = [...this.#best.graph.outputs.keys()];
    if (all.length === 1) return false;
    for (const i of all) if (this.#try(withOutputs(this.#best, [i]))) return true;
    let changed = false;
    for (let i = this.#best.graph.outputs.length - 1; i >= 0 && this.#best.graph.outputs.length > 1; i--) {
      const kept = [...this.#best.graph.outputs.keys()].filter((k) => k !== i);
      if (this.#try(withOutputs(this.#best, kept))) changed = true;
    }
    return changed;
  }

  /** What the last equation is given, instead of what it makes. */
  #tails(): boolean {
    let changed = false;
    for (let o = 0; o < this.#best.graph.outputs.length; o++) {
      const operands = (): number[] => {
        const v = this.#best.graph.outputs[o];
        return [
          ...(this.#best.graph.equations.find((e) => e.outputs.some((x) => x === v))?.inputs.keys() ?? []),
        ];
      };
      while (operands().some((k) => this.#try(withEarlierOutput(this.#best, o, k)))) changed = true;
    }
    return changed;
  }

  /** Runs of equations, half of them at first and single ones at last, are replaced by inputs. */
  #equations(): boolean {
    let changed = false;
    let run = Math.ceil(this.#best.graph.equations.length / 2);
    while (run >= 1 && !this.#late) {
      let at = 0;
      while (at < this.#best.graph.equations.length && !this.#late) {
        const size = this.#best.graph.equations.length;
        const positions = new Set(Array.from({ length: Math.min(run, size - at) }, (_, i) => at + i));
        const values = intermediateValues(this.#best);
        const trial = cut(this.#best, positions, (v) => values?.get(v) ?? null);
        // Cutting what only became an input leaves as much as there was.
        const smaller = trial !== null && trial.graph.equations.length < size;
        if (smaller && this.#try(trial)) changed = true;
        else at += run;
      }
      run = run === 1 ? 0 : Math.ceil(run / 2);
    }
    return changed;
  }

  #bypasses(): boolean {
    let changed = false;
    for (let i = this.#best.graph.equations.length - 1; i >= 0; i--) {
      const equation = this.#best.graph.equations[i];
      if (equation === undefined) continue;
      const found = equation.inputs.findIndex((_, k) => this.#try(bypass(this.#best, i, k)));
      if (found >= 0) changed = true;
    }
    return changed;
  }

  #extents(): boolean {
    let changed = false;
    for (const extent of extentsOf(this.#best.graph)) {
      for (const smaller of new Set([1, 2, 3, Math.ceil(extent / 2)])) {
        if (smaller >= extent || !this.#try(withExtent(this.#best, extent, smaller))) continue;
        changed = true;
        break;
      }
    }
    return changed;
  }

  /** Equations of loops' and branches' bodies. */
  #bodies(): boolean {
    let changed = false;
    for (let i = this.#best.graph.equations.length - 1; i >= 0; i--) {
      const equation = this.#best.graph.equations[i];
      if (equation === undefined || subgraphsOf(equation).length === 0) continue;
      if (this.#try(emptyBodies(this.#best, i, () => true))) {
        changed = true;
        continue;
      }
      const longest = (): number =>
        Math.max(0, ...subgraphsOf(this.#best.graph.equations[i] ?? equation).map((g) => g.equations.length));
      for (let k = longest() - 1; k >= 0; k--) {
        if (this.#best.graph.equations[i]?.op !== equation.op) break;
        if (this.#try(emptyBodies(this.#best, i, (at) => at === k))) changed = true;
      }
    }
    return changed;
  }

  #literals(): boolean {
    let changed = false;
    for (let i = this.#best.graph.inputs.length - 1; i >= 0; i--) {
      if ([0, 1].some((value) => this.#try(inputAsLiteral(this.#best, i, value)))) changed = true;
    }
    return changed;
  }

  /** Inputs of round numbers read more easily. */
  #values(): boolean {
    let changed = false;
    for (const [i, { type, data }] of this.#best.inputs.entries()) {
      if (!isFloating(type.dtype)) continue;
      for (const digits of [0, 1, 2]) {
        const rounded = data.map((x) => (Number.isFinite(x) ? Math.fround(Number(x.toFixed(digits))) : x));
        if (rounded.every((x, k) => x === data[k])) break;
        const inputs = this.#best.inputs.map((x, k) => (k === i ? { type, data: rounded } : x));
        if (!this.#try({ graph: this.#best.graph, inputs })) continue;
        changed = true;
        break;
      }
    }
    return changed;
  }
}

const context: ReferenceContext = { run: interpretGraph };

/** All values of a graph as the reference has them; null where it throws. */
function intermediateValues({ graph, inputs }: Trial): ReadonlyMap<Value, RefTensor> | null {
  const values = new Map<Value, RefTensor>();
  try {
    for (const [i, v] of graph.inputs.entries()) values.set(v, inputs[i]);
    for (const e of graph.equations) {
      const operands = e.inputs.map((x): RefTensor => {
        if (x.kind === "literal") return { type: x.type, data: new Float64Array(x.type.size).fill(x.value) };
        const found = values.get(x);
        if (found === undefined) throw new Error("used before its definition");
        return found;
      });
      const outputs = primitiveOf(e.op).evaluate(operands, e.params, context);
      for (const [i, v] of e.outputs.entries()) values.set(v, outputs[i]);
    }
    return values;
  } catch {
    return null;
  }
}
