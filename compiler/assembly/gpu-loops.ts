/**
 * Which loops and branches run inside one shader on a GPU: those whose kernels are so small that one workgroup runs them
 * in less time than it takes to dispatch them one by one and to read back what only the GPU knows.
 */
import { kernelWork } from "../analysis/kernel-work.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Program, Step } from "../program/program.ts";
import type { GpuLimits } from "../program/webgpu.ts";
import type { ControlStep, LoopShader } from "../targets/wgsl/loop-shader.ts";

/** What an adapter takes for things, in nanoseconds: orders of magnitude, not of one device. */
interface Rates {
  /** A node of an expression on one invocation. */
  readonly node: number;
  readonly dispatch: number;
  readonly barrier: number;
  readonly readback: number;
  /** Invocations that run side by side. */
  readonly lanes: number;
  /** A dispatch may run for so long: a GPU's driver ends those of seconds, and a page's pictures wait for it. */
  readonly longest: number;
}

const HARDWARE: Rates = {
  node: 2,
  dispatch: 5e3,
  barrier: 100,
  readback: 3e5,
  lanes: 4096,
  longest: 1e7,
};
/** Its barriers are switches between coroutines, so the workgroup is of one invocation and has none. */
const SOFTWARE: Rates = { node: 1, dispatch: 2.5e4, barrier: 0, readback: 3e5, lanes: 8, longest: 1e8 };

/** Invocations of a workgroup for a loop, at the least and at the most. */
const LEAST_SIZE = 32;
const MAX_SIZE = 256;
/** Launches in one shader at the most: drivers take long over long shaders, SwiftShader 6 seconds over 140. */
const MAX_LAUNCHES = 256;
/** Turns that a loop is taken to have whose end only the GPU knows. */
const UNKNOWN_TURNS = 8;
/** Turns in one dispatch of such a loop at the most. */
const MAX_TURNS = 4096;

/** The times of steps: in dispatches, and in one shader (infinite where it cannot be). */
interface Times {
  readonly apart: number;
  readonly inside: number;
  readonly launches: number;
  /** Invocations that have something to do at the most. */
  readonly width: number;
}

const NOTHING: Times = { apart: 0, inside: 0, launches: 0, width: 1 };

/** Chooses the loops of a program, outermost first. */
export function chooseLoopShaders(program: Program, limits: GpuLimits): Map<Step, LoopShader> {
  return new LoopChooser(program, limits).run();
}

class LoopChooser {
  readonly #rates: Rates;
  readonly #size: number;
  readonly #kernels: ReadonlyMap<string, Kernel>;
  readonly #work = new Map<string, number>();
  readonly #chosen = new Map<Step, LoopShader>();

  constructor(
    private readonly program: Program,
    private readonly limits: GpuLimits,
  ) {
    this.#rates = limits.software ? SOFTWARE : HARDWARE;
    this.#size = limits.software ? 1 : Math.min(MAX_SIZE, limits.invocations);
    this.#kernels = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
  }

  run(): Map<Step, LoopShader> {
    // What stands in no loop has no choice, and its work need not be counted.
    for (const step of this.program.schedule) {
      if (step.kind !== "launch" && step.kind !== "copy") this.#step(step);
    }
    return this.#chosen;
  }

  #all(steps: readonly Step[]): Times {
    return steps.map((step) => this.#step(step)).reduce(together, NOTHING);
  }

  /** The times of a step, with the best choice for the loops in it made. */
  #step(step: Step): Times {
    switch (step.kind) {
      case "launch":
        return this.#launch(step.kernel);
      case "copy": {
        const { node, dispatch, barrier } = this.#rates;
        const words = step.bytes / 4;
        return {
          apart: dispatch,
          inside: 4 * node * Math.ceil(words / this.#size) + barrier,
          launches: 1,
          width: words,
        };
      }
      case "for": {
        const once = this.#all(step.body);
        return this.#control(step, {
          ...once,
          apart: step.trips * once.apart,
          inside: step.trips * once.inside,
        });
      }
      case "while": {
        const once = together(this.#all(step.cond), this.#all(step.body));
        return this.#control(step, {
          ...once,
          apart: UNKNOWN_TURNS * (once.apart + this.#rates.readback),
          inside: UNKNOWN_TURNS * (once.inside + this.#rates.barrier),
        });
      }
      case "branch": {
        const cases = step.cases.map((steps) => this.#all(steps));
        const most = (part: (times: Times) => number): number => Math.max(0, ...cases.map(part));
        return this.#control(step, {
          apart: most(({ apart }) => apart) + this.#rates.readback,
          inside: most(({ inside }) => inside) + this.#rates.barrier,
          launches: cases.reduce((n, { launches }) => n + launches, 0),
          width: most(({ width }) => width),
        });
      }
      default:
        return step satisfies never;
    }
  }

  /** Puts a loop into one shader if that is faster than what was chosen within it. */
  #control(step: ControlStep, times: Times): Times {
    const { apart, inside, launches, width } = times;
    const { dispatch, longest } = this.#rates;
    if (launches === 0 || launches > MAX_LAUNCHES || inside >= apart) return { ...times, inside: Infinity };
    const turns = step.kind === "for" ? step.trips : UNKNOWN_TURNS;
    const turn = inside / Math.max(turns, 1);
    const limit = step.kind === "for" ? step.trips : MAX_TURNS;
    const atOnce = Math.min(Math.max(Math.floor(longest / turn), 1), limit);
    for (const within of controlsIn(step)) this.#chosen.delete(within);
    let size = Math.min(LEAST_SIZE, this.#size);
    while (size < Math.min(width, this.#size)) size *= 2;
    this.#chosen.set(step, { size, turns: atOnce });
    const asked = step.kind === "while" ? this.#rates.readback : 0;
    return { apart: Math.ceil(turns / atOnce) * dispatch + asked + inside, inside, launches, width };
  }

  #launch(name: string): Times {
    const { node, dispatch, barrier, lanes } = this.#rates;
    const kernel = this.#kernels.get(name);
    if (kernel === undefined) return { apart: dispatch, inside: Infinity, launches: 1, width: 1 };
    let work = this.#work.get(name);
    if (work === undefined) {
      work = kernelWork(kernel);
      this.#work.set(name, work);
    }
    const iterations = iterationsOf(kernel);
    const { workgroup } = kernel;
    // Workgroups of its own run one after the other.
    const size = workgroup?.size ?? 1;
    const apart = dispatch + (node * work) / Math.min(iterations * size, lanes);
    if (workgroup !== undefined && (workgroup.size > this.#size || this.#size === 1))
      return { apart, inside: Infinity, launches: 1, width: size };
    const bytes = (workgroup?.shared ?? []).reduce((sum, memory) => sum + 4 * memory.size, 0);
    // Kernels reuse each other's memory, but not all of it.
    if (2 * bytes > this.limits.workgroupBytes) return { apart, inside: Infinity, launches: 1, width: size };
    const turns = workgroup === undefined ? Math.ceil(iterations / this.#size) : iterations;
    const ofOne = work / iterations / size;
    const barriers = workgroup === undefined ? 1 : 10 * iterations;
    const width = workgroup === undefined ? iterations : size;
    return { apart, inside: node * ofOne * turns + barriers * barrier, launches: 1, width };
  }
}

/** Iterations of the grid, all loops of which are outermost. */
function iterationsOf({ body }: Pick<Kernel, "body">): number {
  const [only] = body;
  if (body.length !== 1 || only.kind !== "loop" || only.axis.kind !== "grid") return 1;
  return Math.max(only.axis.extent, 1) * iterationsOf(only);
}

function together(a: Times, b: Times): Times {
  return {
    apart: a.apart + b.apart,
    inside: a.inside + b.inside,
    launches: a.launches + b.launches,
    width: Math.max(a.width, b.width),
  };
}

/** The loops and branches in a step. */
function* controlsIn(step: Step): Generator<Step> {
  const within =
    step.kind === "for"
      ? step.body
      : step.kind === "while"
        ? [...step.cond, ...step.body]
        : step.kind === "branch"
          ? step.cases.flat()
          : [];
  for (const each of within) {
    if (each.kind !== "launch" && each.kind !== "copy") yield each;
    yield* controlsIn(each);
  }
}
