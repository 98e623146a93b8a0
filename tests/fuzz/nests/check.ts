/** Compares what Weft makes of a program, compiled and differentiated in several ways, with the reference. */
import {
  blockUntilReady,
  type Device,
  device,
  devicePut,
  grad,
  jit,
  jvp,
  type NdArray,
  numpy as np,
  vmap,
  withDefaultDevice,
} from "weft";
import { Random } from "../../helpers/random.ts";
import { evaluateInWeft, evaluateReference } from "./evaluate.ts";
import { generateProgram } from "./generate.ts";
import { NESTS } from "./nests.ts";
import { GivenUp, plain, work } from "./numbers.ts";
import { OPERATIONS, type Tensor } from "./operations.ts";
import { allSteps, type Block, type Program, type Shape, type Step, sizeOf } from "./program.ts";

/** Scalar operations of the reference for all checks of a program. */
const MOST_WORK = 400_000;
/** Results beyond it have lost too many digits. */
const GREATEST = 1e4;
const TOLERANCE = { float32: 5e-3, float64: 1e-8 };

export interface Failure {
  /** Which way: "jit", "gradient under jit". */
  readonly check: string;
  readonly message: string;
}

export type Outcome =
  | { readonly kind: "passed" }
  | { readonly kind: "skipped" }
  | { readonly kind: "failed"; readonly failure: Failure };

/** One derivative or batch for a seed, and sometimes the function called without jit, which takes longest. */
export function sampleOf(seed: number): (check: string) => boolean {
  const random = new Random(`checks ${seed}`);
  const chosen = random.pick(["gradient under jit", "jvp under jit", "vmap under jit"]);
  const eager = random.chance(0.1);
  return (check) => check === chosen || (check === "eager" && eager);
}

/** The next program from a seed on that a GPU can run: of float32. */
export function singleProgramOf(seed: number): Program {
  for (let i = 0; ; i++) {
    const program = programOf(seed + i * 1_000_003);
    if (program.dtype === "float32") return program;
  }
}

/** The program of a seed: the first one drawn that is cheap enough and stays small. */
export function programOf(seed: number): Program {
  for (let attempt = 0; ; attempt++) {
    const program = generateProgram(new Random(`nest ${seed} ${attempt}`));
    if (hasSense(program)) return program;
  }
}

/** Inputs depend on the shapes and places alone, so that a shrunk program keeps most of them. */
export function inputsOf(program: Program): Tensor[] {
  return program.main.params.map(({ shape }, i) => randomTensor(shape, `input ${i}`, program.dtype));
}

function randomTensor(shape: Shape, stream: string, dtype: Program["dtype"]): Tensor {
  const random = new Random(stream);
  const round = dtype === "float32" ? Math.fround : (x: number) => x;
  return { shape, data: Array.from({ length: sizeOf(shape) }, () => round(random.next() * 3 - 1.5)) };
}

/** Whether the reference gets through, and to numbers that can be compared. */
function hasSense(program: Program): boolean {
  const steps = allSteps(program.main);
  if (!steps.some((step) => NESTS[step.op] !== undefined)) return false;
  // Rounded to float32, a comparison may go the other way.
  if (program.dtype === "float32" && steps.some((step) => (NESTS[step.op] ?? OPERATIONS[step.op]).jumps))
    return false;
  try {
    const results = limited(() => evaluateReference(program.main, inputsOf(program)));
    return results.every((x) => x.data.every((v) => Math.abs(plain(v)) <= GREATEST));
  } catch (error) {
    if (error instanceof GivenUp) return false;
    throw error;
  }
}

function limited<T>(body: () => T): T {
  work.done = 0;
  work.limit = MOST_WORK;
  try {
    return body();
  } finally {
    work.limit = Number.POSITIVE_INFINITY;
  }
}

/** Fixed numbers as a constant, a cotangent or a direction. */
const fixed = (shape: Shape): Tensor => ({
  shape,
  data: Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7) % 13) / 8 - 0.7),
});

/** One of the ways in which a program is checked: what Weft computes for it, and what the reference does. */
interface Way {
  readonly check: string;
  readonly actual: () => readonly NdArray[];
  readonly expected: () => readonly Tensor[];
}

function waysOf(program: Program): Way[] {
  const inputs = inputsOf(program);
  const { dtype, main } = program;
  const steps = allSteps(main);
  const array = (x: Tensor): NdArray =>
    np.array(Float64Array.from(x.data, plain), { dtype }).reshape([...x.shape]);
  const f = (...xs: NdArray[]): NdArray[] => evaluateInWeft(main, xs);
  const xs = inputs.map(array);
  const expected = () => evaluateReference(main, inputs);

  const ways: Way[] = [
    { check: "eager", actual: () => f(...xs), expected },
    { check: "jit", actual: () => jit(f)(...xs), expected },
  ];
  if (!has(steps, "while")) {
    const weights = resultShapes(main).map(fixed);
    const argnums = xs.map((_, i) => i);
    const weighted = (...ys: NdArray[]): NdArray =>
      f(...ys).reduce((sum, y, i) => sum.add(np.sum(y.mul(array(weights[i])))), np.array(0, { dtype }));
    ways.push({
      check: "gradient under jit",
      actual: () => jit(grad(weighted, { argnums }))(...xs),
      expected: () => evaluateReference(gradientProgram(program), [...inputs, ...weights]),
    });
  }
  if (!has(steps, "customVjp")) {
    const direction = inputs.map((x) => fixed(x.shape));
    const along = (...ys: NdArray[]): NdArray[] => jvp(f, ys, direction.map(array))[1];
    ways.push({
      check: "jvp under jit",
      actual: () => jit(along)(...xs),
      expected: () => evaluateReference(pushProgram(program), [...inputs, ...direction]),
    });
  }
  const twice = inputs.map(
    (x): Tensor => ({ shape: [2, ...x.shape], data: [...x.data, ...x.data.map((v) => -0.5 * plain(v))] }),
  );
  ways.push({
    check: "vmap under jit",
    actual: () => jit(vmap(f))(...twice.map(array)),
    expected: () => evaluateReference(batchProgram(program), twice),
  });
  return ways;
}

/**
 * `jit` of the function against its values; derivatives and a batch against those of the reference. `sample` gives
 * which of the checks are made besides that of `jit`; default all.
 */
export function checkProgram(program: Program, sample: (check: string) => boolean = () => true): Outcome {
  let compared = 0;
  for (const { check, actual, expected } of waysOf(program)) {
    if (check !== "jit" && !sample(check)) continue;
    const outcome = attempt(() => [actual(), expected()], program.dtype);
    if (outcome === "given up") continue;
    if (outcome !== null) return { kind: "failed", failure: { check, message: outcome } };
    compared++;
  }
  return { kind: compared > 0 ? "passed" : "skipped" };
}

/** The same on a device: `jit` of the function, and those of the compiled checks that `sample` names. */
export async function checkProgramOn(
  on: Device,
  program: Program,
  sample: (check: string) => boolean = () => true,
): Promise<Outcome> {
  const host = await device("wasm");
  let compared = 0;
  for (const { check, actual, expected } of waysOf(program)) {
    // Without jit every operation would be a program of its own.
    if (check === "eager" || (check !== "jit" && !sample(check))) continue;
    let results: readonly NdArray[];
    try {
      const there = withDefaultDevice(on, actual);
      results = await blockUntilReady(devicePut([...there], host) as NdArray[]);
    } catch (error) {
      return { kind: "failed", failure: { check, message: thrown(error) } };
    }
    const outcome = attempt(() => [results, expected()], program.dtype);
    if (outcome === "given up") continue;
    if (outcome !== null) return { kind: "failed", failure: { check, message: outcome } };
    compared++;
  }
  return { kind: compared > 0 ? "passed" : "skipped" };
}

const has = (steps: readonly Step[], op: string): boolean => steps.some((step) => step.op === op);

function attempt(
  run: () => readonly [actual: readonly NdArray[], expected: readonly Tensor[]],
  dtype: Program["dtype"],
): string | "given up" | null {
  try {
    const [actual, expected] = limited(run);
    return difference(actual, expected, dtype);
  } catch (error) {
    if (error instanceof GivenUp) return "given up";
    return thrown(error);
  }
}

function thrown(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `throws ${text.split("\n").slice(0, 8).join("\n  ")}`;
}

function difference(
  actual: readonly NdArray[],
  expected: readonly Tensor[],
  dtype: Program["dtype"],
): string | "given up" | null {
  const wanted = expected.map((x) => x.data.map(plain));
  const greatest = Math.max(1, ...wanted.flat().map(Math.abs));
  if (!(greatest <= GREATEST)) return "given up";
  for (const [i, { shape }] of expected.entries()) {
    const got = actual[i];
    if (got.dtype !== dtype) return `result ${i} is ${got.dtype}`;
    if (got.shape.join() !== shape.join()) return `result ${i} has shape [${got.shape}], expected [${shape}]`;
    const elements = got.dataSync();
    const bad = wanted[i].findIndex(
      (want, k) => !(Math.abs(elements[k] - want) <= TOLERANCE[dtype] * greatest),
    );
    if (bad >= 0)
      return `result ${i}, element ${bad} of [${shape}] is ${elements[bad]}, expected ${wanted[i][bad]}`;
  }
  return null;
}

// The same questions as programs for the reference: nests around the whole. Identifiers below 0 are not in use.

function wrapped(
  op: string,
  params: readonly Shape[],
  attributes: Step["attributes"],
  inner: Block,
  outs: readonly Shape[],
): Block {
  const variables = params.map((shape, i) => ({ id: -1 - i, shape }));
  const made = outs.map((shape, i) => ({ id: -1001 - i, shape }));
  const step: Step = { op, args: variables.map((v) => v.id), attributes, blocks: [inner], outs: made };
  return { params: variables, steps: [step], results: made.map((v) => v.id) };
}

function resultShapes(main: Block): Shape[] {
  const known = new Map(
    [...main.params, ...main.steps.flatMap((step) => step.outs)].map((v) => [v.id, v.shape]),
  );
  return main.results.map((id) => known.get(id) ?? []);
}

/** The gradients, for cotangents that are further inputs. */
function gradientProgram(program: Program): Block {
  const { main } = program;
  const results = resultShapes(main);
  const shapes = main.params.map((v) => v.shape);
  const all = wrapped("vjp", [...shapes, ...results], {}, main, [...results, ...shapes]);
  return { ...all, results: all.results.slice(results.length) };
}

function pushProgram(program: Program): Block {
  const { main } = program;
  const results = resultShapes(main);
  const shapes = main.params.map((v) => v.shape);
  const all = wrapped("jvp", [...shapes, ...shapes], {}, main, [...results, ...results]);
  return { ...all, results: all.results.slice(results.length) };
}

function batchProgram(program: Program): Block {
  const { main } = program;
  const shapes = main.params.map((v) => [2, ...v.shape]);
  const results = resultShapes(main).map((shape) => [2, ...shape]);
  const attributes = { inAxes: shapes.map(() => 0), outAxes: results.map(() => 0), size: [2] };
  return wrapped("vmap", shapes, attributes, main, results);
}
