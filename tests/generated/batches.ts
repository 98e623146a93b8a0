/** The cases of a primitive as programs with data, and how well their results must agree with the oracle. */
import type { PrimitiveName } from "../../compiler/graph/names.ts";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { primitiveOf } from "../../compiler/primitives/table.ts";
import { type Tolerance, ulpOf } from "../helpers/compare.ts";
import { Random } from "../helpers/random.ts";
import { type Case, casesOf, dataFor, ELEMENTWISE, specialCasesOf } from "./cases.ts";

const ORACLE_LIMITED: ReadonlySet<string> = new Set([
  "erf",
  "erfc",
  "erf_inv",
  "lgamma",
  "digamma",
  "trigamma",
  "bessel_i0e",
  "bessel_i1e",
  "igamma",
  "igammac",
  "igamma_grad_a",
  "random_gamma_grad",
  "regularized_incomplete_beta",
  "zeta",
  "polygamma",
]);
const ROOTED: ReadonlySet<string> = new Set(["digamma"]);

/** How far a compiled result may be from the oracle. */
export function toleranceOf(c: Case): Tolerance {
  const { lower, test: spec } = primitiveOf(c.op);
  // The oracle computes these to about 1e-14; their bound in ULP is tested with more digits in the math tests.
  if (ORACLE_LIMITED.has(c.op) && c.inputs[0].type.dtype === "float64")
    return { ulp: Math.max(64, spec.ulp ?? 0), absolute: 1e-14 };
  // Next to its zeros it is as good as next to 1.
  if (ROOTED.has(c.op))
    return { ulp: spec.ulp ?? 0, absolute: (spec.ulp ?? 0) * ulpOf(1, c.inputs[0].type.dtype) };
  if (lower.kind === "map") return { ulp: spec.ulp ?? 0 };
  // Sums and products of n terms in the result's precision.
  const dtype = c.inputs[0]?.type.dtype ?? "float32";
  const eps = dtype === "float64" ? 1e-15 : dtype === "float16" ? 2e-3 : 1e-6;
  return { ulp: spec.ulp ?? 16, absolute: eps * 32 };
}

/** Cases of one operation that are equations of one program, and so share its compilation. */
export interface Batch {
  readonly title: string;
  readonly cases: readonly Case[];
  readonly inputs: readonly RefTensor[];
}

/** All cases of an operation, with data. */
export function batchesOf(op: PrimitiveName): Batch[] {
  const random = new Random(`execution of ${op}`);
  const single = [...casesOf(op).map((c) => ({ c, inputs: dataFor(c, random) })), ...specialCasesOf(op)].map(
    ({ c, inputs }): Batch => ({ title: c.title, cases: [c], inputs }),
  );
  if (!ELEMENTWISE.has(op)) return single;
  // Elementwise operations have a case per dtype and shape: those of one dtype go together.
  const byDType = new Map<string, Batch>();
  for (const { cases, inputs } of single) {
    const { dtype } = cases[0].inputs[0].type;
    const others = byDType.get(dtype);
    byDType.set(dtype, {
      title: `${op} of ${dtype}`,
      cases: [...(others?.cases ?? []), ...cases],
      inputs: [...(others?.inputs ?? []), ...inputs],
    });
  }
  return [...byDType.values()];
}

/** Shapes of one kind each: no axis, one that ends within a word or a vector, two. */
const KINDS: readonly string[] = ["", "17", "5,7"];

/**
 * An elementwise operation's batch with fewer shapes, and all of its special values: what a shape does to a kernel is the same
 * for all of them, and a driver in software compiles a shader for each.
 */
export function fewerShapes({ title, cases, inputs }: Batch, shapes = KINDS): Batch {
  const kept: Case[] = [];
  const data: RefTensor[] = [];
  let at = 0;
  for (const c of cases) {
    const own = inputs.slice(at, at + c.inputs.length);
    at += c.inputs.length;
    const known = ELEMENTWISE.has(c.op) && c.inputs.every(({ domain }) => domain !== "any");
    if (known && !shapes.includes(c.inputs[0].type.shape.join())) continue;
    kept.push(c);
    data.push(...own);
  }
  return kept.length === 0 ? { title, cases, inputs } : { title, cases: kept, inputs: data };
}
