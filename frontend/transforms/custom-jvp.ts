/** customJvp: a function with its own forward-mode rule. */
import { DeferredGraph } from "../../compiler/graph/graph.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import type { NdArray } from "../core/array.ts";
import { WeftTypeError } from "../core/errors.ts";
import { zeros } from "../core/ops.ts";
import { captureSource } from "../core/source.ts";
import { bind } from "../core/trace.ts";
import { type Callee, describeCallee } from "./arguments.ts";
import {
  checkRuleTypes,
  closedOverOperands,
  closeRule,
  type FlatCall,
  pairOf,
  RuleKeys,
  tracedCall,
  treeList,
} from "./custom-call.ts";
import { type TracedGraph, traceToGraph } from "./trace-function.ts";
import { type AnyFunction, type Arguments, applyFunction, type Result } from "./types.ts";

/** Options of `customJvp` and `customVjp`. */
export interface CustomRuleOptions<N extends readonly number[] = readonly number[]> {
  /** Arguments that are not differentiated and are passed to the rule as they are, before the others. */
  readonly nondiffArgnums?: N;
}

/** A function with a derivative rule of its own, which `defJvp` or `defJvps` gives (`jax.custom_jvp`). */
export interface CustomJvpFunction<F extends AnyFunction, N extends readonly number[] = readonly []> {
  (...args: Arguments<Parameters<F>>): Result<ReturnType<F>>;
  /**
   * Sets the rule: `(primals, tangents) => [output, tangent]`, both lists of the arguments; undifferentiated arguments
   * come first. Returns the rule.
   */
  defJvp<R extends JvpRule<F, N>>(rule: R): R;
}

type RuleResult<F extends AnyFunction> = readonly [ReturnType<F> | Result<ReturnType<F>>, unknown];

/** With undifferentiated arguments the rule's parameters have to be annotated. */
export type JvpRule<F extends AnyFunction, N extends readonly number[]> = N extends readonly []
  ? (primals: Parameters<F>, tangents: Parameters<F>) => RuleResult<F>
  : (...args: never[]) => RuleResult<F>;

/**
 * A function whose derivative is given by a rule (`jax.custom_jvp`). Set the rule with `defJvp` before it is
 * differentiated. Reverse mode transposes the rule, which must be linear in its tangents.
 */
export function customJvp<F extends AnyFunction, const N extends readonly number[] = readonly []>(
  f: F,
  options: CustomRuleOptions<N> = {},
): CustomJvpFunction<F, N> {
  const callee = describeCallee(f);
  const nondiffArgnums: readonly number[] = options.nondiffArgnums ?? [];
  const keys = new RuleKeys();
  let rule: AnyFunction | null = null;

  const call = tracedCall("custom_jvp", f, callee, nondiffArgnums, (flat, traced, weakTypes) => {
    const jvp = new DeferredGraph(keys.get(flat.nondiff), () => {
      if (rule === null) {
        throw new WeftTypeError(
          `No JVP defined for custom_jvp function ${callee.name} using defJvp.`,
          callee.source,
        );
      }
      return jvpRuleGraph(rule, callee, flat, traced);
    });
    const operands = [...flat.arrays, ...closedOverOperands(traced.captured, callee)];
    return bind("custom_jvp_call", operands, { graph: traced.graph, jvp, name: callee.name }, weakTypes);
  });
  Object.defineProperty(call, "name", { value: callee.name });
  return Object.assign(call, {
    defJvp<R extends JvpRule<F, N>>(given: R): R {
      rule = given;
      return given;
    },
  }) as CustomJvpFunction<F, N>;
}

/** (operands…, tangents of the floating ones…) → (outputs…, tangents of the floating ones…) */
function jvpRuleGraph(rule: AnyFunction, callee: Callee, flat: FlatCall, traced: TracedGraph) {
  const operands = [...flat.arrays, ...traced.captured];
  const spec = (x: NdArray, i: number, tangent: boolean) => ({
    aval: x.aval,
    name: `${flat.inputs[i]?.name ?? "a captured value"}${tangent ? " (tangent)" : ""}`,
    hint: null,
    outer: null,
  });
  const floating = operands.map((x) => isFloating(x.dtype));
  const inputs = [
    ...operands.map((x, i) => spec(x, i, false)),
    ...operands.flatMap((x, i) => (floating[i] ? [spec(x, i, true)] : [])),
  ];
  const ruleTraced = traceToGraph("custom_jvp", callee, inputs, (arrays) => {
    const primals = arrays.slice(0, flat.arrays.length);
    let at = operands.length;
    const tangents = flat.arrays.map((x, i) => (floating[i] ? arrays[at++] : zeros(x.shape, x.dtype)));
    return applyFunction(rule, [
      ...flat.nondiff,
      treeList(flat.tree, primals),
      treeList(flat.tree, tangents),
    ]);
  });
  const [primalTree, tangentTree] = pairOf(
    ruleTraced,
    `Custom JVP rule for function ${callee.name}`,
    "[primal_out, tangent_out]",
    captureSource(),
  );
  const count = traced.outAvals.length;
  const primalAvals = ruleTraced.outAvals.slice(0, count);
  checkRuleTypes("primal_out", callee, traced.outTree, traced.outAvals, primalTree, primalAvals);
  checkRuleTypes(
    "tangent_out",
    callee,
    traced.outTree,
    traced.outAvals,
    tangentTree,
    ruleTraced.outAvals.slice(count),
  );
  const byArray = new Map(operands.map((x, i) => [x, i]));
  return closeRule(ruleTraced, callee, byArray, (b, results) => {
    const typed = results.map((x, i) => b.convert(x, traced.outAvals[i % count].type.dtype));
    return typed.filter((_, i) => i < count || isFloating(traced.outAvals[i - count].type.dtype));
  });
}
