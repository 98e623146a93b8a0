/** Functions of the math library as Wasm functions of vectors: four float32 lanes, or both halves of four float64. */
import { type CallExpr, type Expr, type Local, operandsOf } from "../../kernel/expr.ts";
import { scalarOps } from "../../kernel/scalar-ops.ts";
import { lookupMath } from "../../math/index.ts";
import type { DType } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import type { FunctionEncoder } from "./encoder.ts";
import type { ModuleContext } from "./module-context.ts";
import { NodeTable } from "./nodes.ts";
import type { ValueType } from "./opcodes.ts";
import { VectorValues } from "./vector-values.ts";

function bodyOf(name: string, dtype: DType, args: readonly Expr[]): Expr {
  const fn = lookupMath(name, dtype);
  if (fn === undefined) throw new InternalError(`no math function ${name} of ${dtype}`);
  if (fn.arity !== args.length) throw new InternalError(`${name} takes ${fn.arity} arguments`);
  return fn.body(scalarOps, ...args);
}

/**
 * The function that computes `name` in lanes of `parts` vectors. Two at once share their constants, and the latency of
 * one hides behind the other.
 */
export function makeMathFunction(
  module: ModuleContext,
  name: string,
  dtype: DType,
  parts: number,
): FunctionEncoder {
  const computed: DType = dtype === "float16" ? "float32" : dtype;
  const arity = lookupMath(name, computed)?.arity ?? 0;
  const double = computed === "float64";
  const args: Local[] = Array.from({ length: arity }, (_, i) => ({
    name: "xyz"[i] ?? `x${i}`,
    dtype: computed,
  }));
  const table = new NodeTable(inlineMath);
  const root = table.intern(
    bodyOf(
      name,
      computed,
      args.map((local) => scalarOps.local(local)),
    ),
  );
  root.uses++;
  const halves = double ? ["_lo", "_hi"] : [""];
  const vectors = Array.from({ length: parts }, (_, part) => (parts > 1 ? `${part}` : "")).flatMap((part) =>
    halves.map((half) => part + half),
  );
  const params = args.flatMap((local) =>
    vectors.map((suffix) => ({ name: local.name + suffix, type: "v128" as ValueType })),
  );
  const suffix = `${double ? "f64" : "f32"}x${4 * parts}`;
  const f = module.encoder.function(
    `${name}.${suffix}`,
    params,
    vectors.map(() => "v128"),
  );
  const values = new VectorValues(f, module);
  values.lanes = {
    axis: { name: "lane", extent: 4, kind: "vector" },
    parts,
    lastActive: 4,
    varying: new Set(args),
  };
  args.forEach((local, i) => {
    const slots: number[] = [];
    vectors.forEach((_, v) => {
      slots[double ? v : v * 2] = i * vectors.length + v;
    });
    values.locals.set(local, { vector: true, slots });
  });
  for (let part = 0; part < parts; part++) {
    for (const half of values.halvesOf(computed)) values.vector(root, part, half);
  }
  return f;
}

/** Operations up to which a body is worth less than its call. */
const INLINE_OPERATIONS = 6;

/** The body of a math function small enough to stand in place of its call, else null. */
export function inlineMath(e: CallExpr): Expr | null {
  if (e.dtype === "float16") return null;
  const body = bodyOf(e.fn, e.dtype, e.args);
  const known = new Set<Expr>(e.args);
  let operations = 0;
  const count = (x: Expr): void => {
    if (known.has(x) || operations > INLINE_OPERATIONS) return;
    known.add(x);
    if (x.op !== "const") operations++;
    if (x.op === "call" || x.op === "guard") operations = INLINE_OPERATIONS + 1;
    operandsOf(x).forEach(count);
  };
  count(body);
  return operations <= INLINE_OPERATIONS ? body : null;
}
