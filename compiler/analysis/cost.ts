/** What is counted of a kernel or a program: arithmetic, math functions, bytes. */

export interface Cost {
  /** Floating-point operations: a fused multiply-add is two, a math function none (see `transcendentals`). */
  readonly flops: number;
  /** Operations on integers and booleans that make up values; arithmetic of indices and conditions is not counted. */
  readonly integerOps: number;
  /** How often each function of the math library is evaluated: `{ exp: 1024, log: 32 }`. */
  readonly transcendentals: Readonly<Record<string, number>>;
  /** Operations within them: of exp in float32, for instance, some twenty each. */
  readonly mathOperations: number;
  /** Bytes that have to come from memory: each buffer once per launch, or what is loaded of it if that is less. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Whether a loop runs until its data say so: its body is counted once, so the numbers are a lower bound. */
  readonly dataDependent: boolean;
}

export const NO_COST: Cost = {
  flops: 0,
  integerOps: 0,
  transcendentals: {},
  mathOperations: 0,
  bytesRead: 0,
  bytesWritten: 0,
  dataDependent: false,
};

/** The costs one after the other. */
export function addCosts(a: Cost, b: Cost): Cost {
  const transcendentals = { ...a.transcendentals };
  for (const [fn, n] of Object.entries(b.transcendentals)) {
    transcendentals[fn] = (transcendentals[fn] ?? 0) + n;
  }
  return {
    flops: a.flops + b.flops,
    integerOps: a.integerOps + b.integerOps,
    transcendentals,
    mathOperations: a.mathOperations + b.mathOperations,
    bytesRead: a.bytesRead + b.bytesRead,
    bytesWritten: a.bytesWritten + b.bytesWritten,
    dataDependent: a.dataDependent || b.dataDependent,
  };
}

/** The cost that many times over. */
export function scaleCost(cost: Cost, times: number): Cost {
  return {
    flops: cost.flops * times,
    integerOps: cost.integerOps * times,
    transcendentals: Object.fromEntries(
      Object.entries(cost.transcendentals).map(([fn, n]) => [fn, n * times]),
    ),
    mathOperations: cost.mathOperations * times,
    bytesRead: cost.bytesRead * times,
    bytesWritten: cost.bytesWritten * times,
    dataDependent: cost.dataDependent,
  };
}

/** What arithmetic units have to do: the roofline's operations, those within math functions among them. */
export function operationsOf({ flops, mathOperations }: Cost): number {
  return flops + mathOperations;
}

/** All evaluations of math functions together. */
export function countTranscendentals(cost: Cost): number {
  return Object.values(cost.transcendentals).reduce((sum, n) => sum + n, 0);
}

/** Of two costs the greater by arithmetic, then by bytes: what a branch counts as. */
export function dearer(a: Cost, b: Cost): Cost {
  const work = (c: Cost): number => c.flops + c.integerOps + countTranscendentals(c);
  if (work(a) !== work(b)) return work(a) > work(b) ? a : b;
  return a.bytesRead + a.bytesWritten >= b.bytesRead + b.bytesWritten ? a : b;
}
