/** Functions of the math library as Wasm functions of vectors: four float32 lanes, or both halves of four float64. */
import type { CallExpr, Expr, Local } from "../../kernel/expr.ts";
import { scalarOps } from "../../kernel/scalar-ops.ts";
import { lookupMath, type MathFunction } from "../../math/index.ts";
import type { DType } from "../../types/dtype.ts";
import { InternalError } from "../../types/errors.ts";
import type { FunctionEncoder } from "./encoder.ts";
import type { ModuleContext } from "./module-context.ts";
import { type Node, NodeTable } from "./nodes.ts";
import type { ValueType } from "./opcodes.ts";
import { VectorValues } from "./vector-values.ts";

interface MathBody {
  readonly args: readonly Local[];
  readonly root: Node;
  /** Small enough to stand in place of its call anywhere. */
  readonly inline: boolean;
  /** Distinct operations, if none is a branch or a call; else infinite. */
  readonly straight: number;
}

/** Operations up to which a body is worth less than its call. */
const INLINE_WEIGHT = 6;

/** Declared cache: bodies are the same in every module. The library is finite. */
const bodies = new WeakMap<MathFunction, MathBody>();

function functionOf(name: string, dtype: DType, arity: number): MathFunction {
  const fn = lookupMath(name, dtype);
  if (fn === undefined) throw new InternalError(`no math function ${name} of ${dtype}`);
  if (fn.arity !== arity) throw new InternalError(`${name} takes ${fn.arity} arguments, not ${arity}`);
  return fn;
}

function bodyOf(fn: MathFunction): MathBody {
  let body = bodies.get(fn);
  if (body === undefined) {
    const args = Array.from(
      { length: fn.arity },
      (_, i): Local => ({ name: "xyz"[i] ?? `x${i}`, dtype: fn.dtype }),
    );
    const root = new NodeTable(inlineMath).intern(
      fn.body(scalarOps, ...args.map((local) => scalarOps.local(local))),
    );
    root.uses++;
    body = { args, root, inline: root.weight <= INLINE_WEIGHT, straight: straightOperations(root) };
    bodies.set(fn, body);
  }
  return body;
}

function straightOperations(root: Node): number {
  let operations = 0;
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    const { op } = node.expr;
    if (op === "guard" || op === "call") operations = Number.POSITIVE_INFINITY;
    if (op !== "const" && op !== "local") operations++;
    node.operands.forEach(visit);
  };
  visit(root);
  return operations;
}

/**
 * The function that computes `name` in lanes of `parts` vectors. Two at once share their constants, and the latency of
 * one hides behind the other.
 */
export function makeMathFunction(
  module: ModuleContext,
  name: string,
  dtype: DType,
  arity: number,
  parts: number,
): FunctionEncoder {
  const fn = functionOf(name, dtype, arity);
  const { args, root } = bodyOf(fn);
  const double = fn.dtype === "float64";
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
    for (const half of values.halvesOf(fn.dtype)) values.vector(root, part, half);
  }
  return f;
}

/** The body of a math function small enough to stand in place of its call, else null. */
export function inlineMath(e: CallExpr): Expr | null {
  if (e.dtype === "float16") return null;
  const fn = functionOf(e.fn, e.dtype, e.args.length);
  return bodyOf(fn).inline ? fn.body(scalarOps, ...e.args) : null;
}

/** The body of a math function that lanes may run in place of its call, with its number of operations; or null. */
export function straightMath(e: CallExpr): { readonly body: Expr; readonly operations: number } | null {
  if (e.dtype === "float16") return null;
  const fn = functionOf(e.fn, e.dtype, e.args.length);
  const { straight } = bodyOf(fn);
  return Number.isFinite(straight) ? { body: fn.body(scalarOps, ...e.args), operations: straight } : null;
}
