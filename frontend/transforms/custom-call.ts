/** What customJvp, customVjp and checkpoint share: flattening a call, and closing the graphs of their rules. */
import { DeferredGraph, DenseTensor, type Graph, type Operand } from "../../compiler/graph/graph.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import type { SourceRef } from "../../compiler/types/source.ts";
import type { NdArray } from "../core/array.ts";
import { formatAval, type ShapedArray } from "../core/aval.ts";
import { ConcreteArray } from "../core/concrete-array.ts";
import { InternalError, WeftTypeError } from "../core/errors.ts";
import { bind, contextFor } from "../core/trace.ts";
import { flatten, leafPaths, structureDifference, unflatten, unflattenAt } from "../tree/tree.ts";
import { formatPath, type TreeDef } from "../tree/treedef.ts";
import { argumentArray, argumentPath, type Callee, inputHint, resolveArgnums } from "./arguments.ts";
import { sameStatic } from "./static-arguments.ts";
import { type InputSpec, type TracedGraph, traceToGraph } from "./trace-function.ts";
import { type AnyFunction, applyFunction } from "./types.ts";

/** A call with its differentiated arguments as arrays; the others are kept as they are. */
export interface FlatCall {
  readonly arrays: readonly NdArray[];
  readonly inputs: readonly InputSpec[];
  readonly tree: TreeDef;
  /** Arguments that are not differentiated, in the order of nondiffArgnums. */
  readonly nondiff: readonly unknown[];
  /** All arguments, with these arrays as the leaves of the differentiated ones. */
  rebuild(arrays: readonly NdArray[]): unknown[];
}

function flattenCall(
  kind: string,
  callee: Callee,
  args: readonly unknown[],
  nondiffArgnums: readonly number[],
): FlatCall {
  const nondiff = resolveArgnums(nondiffArgnums, args.length, "nondiffArgnums", callee);
  const numbers = args.map((_, n) => n).filter((n) => !nondiff.includes(n));
  const { leaves, treedef } = flatten(numbers.map((n) => args[n]));
  const paths = leafPaths(treedef).map(([first, ...path]) => ({
    argument: numbers[first.kind === "index" ? first.index : 0],
    path,
  }));
  const arrays = leaves.map((leaf, i) => argumentArray(callee, kind, paths[i].argument, paths[i].path, leaf));
  return {
    arrays,
    inputs: arrays.map((x, i) => ({
      aval: x.aval,
      name: argumentPath(callee, paths[i].argument, paths[i].path),
      hint: inputHint(callee, paths[i].argument, paths[i].path),
      outer: null,
    })),
    tree: treedef,
    nondiff: nondiff.map((n) => args[n]),
    rebuild(values) {
      const all = [...args];
      const differentiated = treeList(treedef, values);
      for (const [i, n] of numbers.entries()) all[n] = differentiated[i];
      return all;
    },
  };
}

/** A tree that is a list at its top. */
export function treeList(tree: TreeDef, arrays: readonly unknown[], at = 0): unknown[] {
  const value = unflattenAt(tree, arrays, at);
  if (!Array.isArray(value)) throw new InternalError("arguments are a list");
  return value;
}

/**
 * A function that is called as f is. Where no trace is running, no rule can be asked for, and f runs at once; otherwise
 * `bindCall` emits one equation for f's graph, whose results it returns.
 */
export function tracedCall(
  kind: "checkpoint" | "custom_jvp" | "custom_vjp",
  f: AnyFunction,
  callee: Callee,
  nondiffArgnums: readonly number[],
  bindCall: (flat: FlatCall, traced: TracedGraph, weakTypes: readonly boolean[]) => readonly NdArray[],
): (...args: unknown[]) => unknown {
  return (...args) => {
    const flat = flattenCall(kind, callee, args, nondiffArgnums);
    if (contextFor(flat.arrays) === null) return applyFunction(f, flat.rebuild(flat.arrays));
    const traced = traceToGraph(kind, callee, flat.inputs, (arrays) =>
      applyFunction(f, flat.rebuild(arrays)),
    );
    const weakTypes = traced.outAvals.map((a) => a.weakType);
    return unflatten(traced.outTree, bindCall(flat, traced, weakTypes));
  };
}

/** The structures of the two parts of what a rule must return: a pair. */
export function pairOf(
  traced: TracedGraph,
  rule: string,
  parts: string,
  source: SourceRef | null,
): readonly TreeDef[] {
  const { outTree } = traced;
  if (outTree.kind === "array" && outTree.children.length === 2) return outTree.children;
  throw new WeftTypeError(`${rule} must produce a pair ${parts}`, source);
}

/** Keys of a function's rules: one per combination of undifferentiated arguments, so that equal calls compare equal. */
export class RuleKeys {
  readonly #keys: { nondiff: readonly unknown[]; key: object }[] = [];
  static readonly limit = 256;

  get(nondiff: readonly unknown[]): object {
    const found = this.#keys.find((k) => k.nondiff.every((x, i) => sameStatic(x, nondiff[i])));
    if (found !== undefined) return found.key;
    const key = {};
    if (this.#keys.length >= RuleKeys.limit) this.#keys.shift();
    this.#keys.push({ nondiff: [...nondiff], key });
    return key;
  }
}

/**
 * Closes the graph of a rule, which may not have inputs beyond those of the rule: what it captured is an operand of the
 * call (`operands`, by array), or a concrete array, which becomes a constant. Throws for values of a running trace.
 */
export function closeRule(
  traced: TracedGraph,
  callee: Callee,
  operands: ReadonlyMap<NdArray, number>,
  outputs: (b: GraphBuilder, results: readonly Operand[], inputs: readonly Operand[]) => readonly Operand[],
): Graph {
  const builder = new GraphBuilder();
  const given = traced.graph.inputs.length - traced.captured.length;
  const inputs = traced.graph.inputs.slice(0, given).map((v) => builder.input(v.type, v.hint));
  const captured = traced.captured.map((x): Operand => {
    const at = operands.get(x);
    if (at !== undefined) return inputs[at];
    if (x instanceof ConcreteArray) {
      if (x.only !== null) {
        throw new WeftTypeError(
          `The rule of ${callee.name} uses an array that only ${x.device} has (${formatAval(x.aval)}) and that is no ` +
            "argument: a rule is compiled with what it closes over as constants, which have to be known at once. Pass the " +
            "array as an argument or as a residual.",
          callee.source,
        );
      }
      const value = new DenseTensor(x.aval.type, x.storage().bytes().slice());
      return builder.one("constant", [], { value });
    }
    throw new WeftTypeError(
      `The rule of ${callee.name} uses a value of a function being traced (${formatAval(x.aval)}) that is not an ` +
        "argument. Detected differentiation of a custom rule function with respect to a closed-over value, which is " +
        "not supported because the rule only specifies how to differentiate with respect to explicit input " +
        "parameters. Pass the value as an argument, or as a residual.",
      callee.source,
    );
  });
  const results = builder.inline(traced.graph, [...inputs, ...captured]);
  return builder.finish(traced.graph.name, outputs(builder, results, inputs));
}

/**
 * Values that a custom function uses without being given them, as operands of its call. The rule says nothing of them:
 * differentiating with respect to one is an error, not a zero.
 */
export function closedOverOperands(captured: readonly NdArray[], callee: Callee): NdArray[] {
  return captured.map((x) => {
    if (x instanceof ConcreteArray || !isFloating(x.dtype)) return x;
    const builder = new GraphBuilder();
    const graph = builder.finish("closed_over", [builder.input(x.aval.type)]);
    const jvp = new DeferredGraph({}, () => {
      throw new WeftTypeError(
        `Detected differentiation of the custom rule function ${callee.name} with respect to a closed-over value ` +
          `(${formatAval(x.aval)}). That is not supported because the rule only specifies how to differentiate with ` +
          "respect to explicit input parameters. Pass the value as an argument.",
        callee.source,
      );
    });
    return bind("custom_jvp_call", [x], { graph, jvp, name: "closed_over" }, [x.aval.weakType])[0];
  });
}

/** Throws where what a rule returned is not of the given types. */
export function checkRuleTypes(
  what: string,
  callee: Callee,
  tree: TreeDef,
  avals: readonly ShapedArray[],
  ruleTree: TreeDef,
  ruleAvals: readonly ShapedArray[],
): void {
  const problem = structureDifference(tree, ruleTree, what);
  if (problem !== null) {
    throw new WeftTypeError(
      `Custom rule of ${callee.name}: ${what} must have the structure ${problem}`,
      callee.source,
    );
  }
  const paths = leafPaths(tree);
  for (const [i, aval] of avals.entries()) {
    const { text } = aval.type;
    if (ruleAvals[i].type.text === text) continue;
    // A weakly typed result (a number) takes the dtype it should have; its shape must fit.
    if (ruleAvals[i].weakType && ruleAvals[i].type.shape.join() === aval.type.shape.join()) continue;
    throw new WeftTypeError(
      `Custom rule of ${callee.name}: ${what}${formatPath(paths[i])} must have the type ${formatAval(aval)}, ` +
        `but has ${formatAval(ruleAvals[i])}`,
      callee.source,
    );
  }
}
