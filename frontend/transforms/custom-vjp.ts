/** customVjp: a function with its own reverse-mode rule. */
import { DeferredGraph, type Graph } from "../../compiler/graph/graph.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import type { NdArray } from "../core/array.ts";
import { type ShapedArray, sameAval } from "../core/aval.ts";
import { WeftTypeError } from "../core/errors.ts";
import { convert, zeros } from "../core/ops.ts";
import { asArray, bind } from "../core/trace.ts";
import { flatten, flattenUpTo, unflatten, unflattenAt } from "../tree/tree.ts";
import type { TreeDef } from "../tree/treedef.ts";
import { type Callee, describeCallee, leafArray } from "./arguments.ts";
import {
  checkRuleTypes,
  closedOverOperands,
  closeRule,
  type FlatCall,
  pairOf,
  RuleKeys,
  tracedCall,
} from "./custom-call.ts";
import type { CustomRuleOptions } from "./custom-jvp.ts";
import { type TracedGraph, traceToGraph } from "./trace-function.ts";
import { type AnyFunction, type Arguments, applyFunction, type Result } from "./types.ts";

/** A function with a pullback of its own, which `defVjp` gives (`jax.custom_vjp`). */
export interface CustomVjpFunction<F extends AnyFunction, N extends readonly number[] = readonly []> {
  (...args: Arguments<Parameters<F>>): Result<ReturnType<F>>;
  /**
   * Sets the rule. `forward(...args)` returns [output, residuals]; `backward(residuals, cotangent)` returns a list with
   * the cotangent of each argument, null for zero. Undifferentiated arguments come first in `backward`.
   */
  defVjp<R>(
    forward: (...args: Parameters<F>) => readonly [ReturnType<F> | Result<ReturnType<F>>, R],
    backward: BackwardRule<F, N, R>,
  ): void;
}

/** With undifferentiated arguments the rule's parameters have to be annotated. */
export type BackwardRule<F extends AnyFunction, N extends readonly number[], R> = N extends readonly []
  ? (residuals: R, cotangent: Result<ReturnType<F>>) => readonly unknown[]
  : (...args: never[]) => readonly unknown[];

/**
 * A function whose reverse-mode derivative is given by a pair of rules (`jax.custom_vjp`). It cannot be differentiated
 * in forward mode.
 */
export function customVjp<F extends AnyFunction, const N extends readonly number[] = readonly []>(
  f: F,
  options: CustomRuleOptions<N> = {},
): CustomVjpFunction<F, N> {
  const callee = describeCallee(f);
  const nondiffArgnums: readonly number[] = options.nondiffArgnums ?? [];
  const forwardKeys = new RuleKeys();
  const backwardKeys = new RuleKeys();
  let rules: { forward: AnyFunction; backward: AnyFunction } | null = null;

  const call = tracedCall("custom_vjp", f, callee, nondiffArgnums, (flat, traced, weakTypes) => {
    const rule = new VjpRule(callee, flat, traced, () => {
      if (rules === null) {
        throw new WeftTypeError(
          `No VJP defined for custom_vjp function ${callee.name} using defVjp.`,
          callee.source,
        );
      }
      return rules;
    });
    const params = {
      graph: traced.graph,
      forward: new DeferredGraph(forwardKeys.get(flat.nondiff), () => rule.forward().graph),
      backward: new DeferredGraph(backwardKeys.get(flat.nondiff), () => rule.backward()),
      name: callee.name,
    };
    const operands = [...flat.arrays, ...closedOverOperands(traced.captured, callee)];
    return bind("custom_vjp_call", operands, params, weakTypes);
  });
  Object.defineProperty(call, "name", { value: callee.name });
  return Object.assign(call, {
    defVjp(forward: AnyFunction, backward: AnyFunction): void {
      rules = { forward, backward };
    },
  }) as CustomVjpFunction<F, N>;
}

interface Forward {
  readonly graph: Graph;
  readonly residualTree: TreeDef;
  readonly residualAvals: readonly ShapedArray[];
}

/** The graphs of one call's rules, traced when they are asked for. */
class VjpRule {
  #forward: Forward | null = null;

  constructor(
    readonly callee: Callee,
    readonly flat: FlatCall,
    readonly traced: TracedGraph,
    readonly rules: () => { forward: AnyFunction; backward: AnyFunction },
  ) {}

  /** operands → (outputs…, residuals…) */
  forward(): Forward {
    if (this.#forward !== null) return this.#forward;
    const { callee, flat, traced } = this;
    const { forward } = this.rules();
    const operands = [...flat.arrays, ...traced.captured];
    const inputs = operands.map((x, i) => ({
      aval: x.aval,
      name: flat.inputs[i]?.name ?? "a captured value",
      hint: flat.inputs[i]?.hint ?? null,
      outer: null,
    }));
    const ruleTraced = traceToGraph("custom_vjp", callee, inputs, (arrays) =>
      applyFunction(forward, flat.rebuild(arrays.slice(0, flat.arrays.length))),
    );
    const [outputTree, residualTree] = pairOf(
      ruleTraced,
      `Custom VJP fwd rule for function ${callee.name}`,
      "[primal_out, residuals]",
      callee.source,
    );
    const count = traced.outAvals.length;
    checkRuleTypes(
      "primal_out",
      callee,
      traced.outTree,
      traced.outAvals,
      outputTree,
      ruleTraced.outAvals.slice(0, count),
    );
    const byArray = new Map(operands.map((x, i) => [x, i]));
    const graph = closeRule(ruleTraced, callee, byArray, (b, results) =>
      results.map((x, i) => (i < count ? b.convert(x, traced.outAvals[i].type.dtype) : x)),
    );
    this.#forward = { graph, residualTree, residualAvals: ruleTraced.outAvals.slice(count) };
    return this.#forward;
  }

  /** (residuals…, cotangents of the floating outputs…) → cotangents of the floating operands */
  backward(): Graph {
    const { callee, flat, traced } = this;
    const { residualTree, residualAvals } = this.forward();
    const { backward } = this.rules();
    const spec = (aval: ShapedArray, name: string) => ({ aval, name, hint: null, outer: null });
    const inputs = [
      ...residualAvals.map((a) => spec(a, "a residual")),
      ...traced.outAvals.filter((a) => isFloating(a.type.dtype)).map((a) => spec(a, "the cotangent")),
    ];
    const ruleTraced = traceToGraph("custom_vjp", callee, inputs, (arrays) => {
      const residuals = unflattenAt(residualTree, arrays, 0);
      let at = residualAvals.length;
      const cotangents = traced.outAvals.map(({ type }) =>
        isFloating(type.dtype) ? arrays[at++] : zeros(type.shape, type.dtype),
      );
      const found = applyFunction(backward, [
        ...flat.nondiff,
        residuals,
        unflatten(traced.outTree, cotangents),
      ]);
      return this.#cotangents(found);
    });
    return closeRule(ruleTraced, callee, new Map(), (_, results) => results);
  }

  /** The floating operands' cotangents from what the user's rule returned; null stands for zero. */
  #cotangents(found: unknown): NdArray[] {
    const { callee, flat, traced } = this;
    const count = flat.tree.kind === "array" ? flat.tree.children.length : 0;
    if (!Array.isArray(found) || found.length !== count) {
      throw new WeftTypeError(
        `Custom VJP bwd rule for function ${callee.name} must produce a list with a cotangent for each of the ${count} ` +
          `differentiated arguments, got ${Array.isArray(found) ? `a list of ${found.length}` : "another value"}`,
        callee.source,
      );
    }
    const given: (NdArray | null)[] = [];
    const trees = flat.tree.kind === "array" ? flat.tree.children : [];
    let at = 0;
    for (const [n, tree] of trees.entries()) {
      if (found[n] === null || found[n] === undefined) {
        given.push(...new Array<null>(tree.leaves).fill(null));
      } else {
        const leaves = flattenUpTo(tree, found[n], `the cotangent of argument ${n} of ${callee.name}`);
        for (const [i, leaf] of leaves.entries()) given.push(this.#cotangent(leaf, at + i));
      }
      at += tree.leaves;
    }
    const operands = [...flat.arrays, ...traced.captured];
    return operands.flatMap((x, i) => (isFloating(x.dtype) ? [given[i] ?? zeros(x.shape, x.dtype)] : []));
  }

  #cotangent(leaf: unknown, i: number): NdArray | null {
    if (leaf === null || leaf === undefined) return null;
    const { callee, flat } = this;
    const expected = flat.arrays[i].aval;
    const array = leafArray(leaf) ?? null;
    const what = `the cotangent of ${flat.inputs[i].name}`;
    if (array === null) {
      throw new WeftTypeError(
        `Custom VJP bwd rule of ${callee.name}: ${what} is not an array`,
        callee.source,
      );
    }
    if (!isFloating(expected.type.dtype) || sameAval(array.aval, expected)) return array;
    const tree = flatten(0).treedef;
    checkRuleTypes(what, callee, tree, [expected], tree, [array.aval]);
    return convert(asArray(array), expected.type.dtype, expected.weakType);
  }
}
