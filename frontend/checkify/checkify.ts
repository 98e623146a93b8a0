/** Checks of values as values (`jax.experimental.checkify`). */
import { type ArrayLike, asArray, bindGraph, bindOne, contextFor, WeftTypeError } from "../core/index.ts";
import { argumentArray, argumentPath, describeCallee, inputHint } from "../transforms/arguments.ts";
import { traceToGraph } from "../transforms/trace-function.ts";
import { type AnyFunction, type Arguments, applyFunction, type Result } from "../transforms/types.ts";
import { flatten, leafPaths, unflatten, unflattenAt } from "../tree/tree.ts";
import type { CheckKind } from "./conditions.ts";
import { CheckError, CheckFailedError, Sites } from "./error.ts";
import { instrument } from "./instrument.ts";

/** The checks that a program writes itself (`checkify.user_checks`). */
export const userChecks: readonly CheckKind[] = ["user"];
/** NaN made by an operation (`checkify.nan_checks`). */
export const nanChecks: readonly CheckKind[] = ["nan"];
/** Division by zero (`checkify.div_checks`). */
export const divChecks: readonly CheckKind[] = ["div"];
/** Indices out of bounds (`checkify.index_checks`). */
export const indexChecks: readonly CheckKind[] = ["index"];
/** NaN and division by zero (`checkify.float_checks`). */
export const floatChecks: readonly CheckKind[] = [...nanChecks, ...divChecks];
/** All but the program's own (`checkify.automatic_checks`). */
export const automaticChecks: readonly CheckKind[] = [...floatChecks, ...indexChecks];
/** All (`checkify.all_checks`). */
export const allChecks: readonly CheckKind[] = [...automaticChecks, ...userChecks];

/** Options of `checkify`. */
export interface CheckifyOptions {
  /** Which checks; default the program's own. Lists are put together: `[...indexChecks, ...userChecks]`. */
  readonly errors?: Iterable<CheckKind>;
}

/**
 * States that `pred`, a bool scalar, is true (`checkify.check`). `{name}` in the message stands for a value given by that
 * name. Outside of any trace a false one throws CheckFailedError at once; in a traced function it takes checkify to see it.
 */
export function check(
  pred: ArrayLike,
  message: string,
  values: Readonly<Record<string, ArrayLike>> = {},
): void {
  const condition = asArray(pred);
  if (condition.dtype !== "bool" || condition.ndim !== 0) {
    throw new WeftTypeError(
      `check takes a scalar pred as argument, got type ${condition.dtype}[${condition.shape.join(",")}]: ` +
        "compare, and reduce arrays with np.all.",
    );
  }
  const names = Object.keys(values);
  const arrays = names.map((name) => asArray(values[name]));
  const operands = [condition, ...arrays];
  if (contextFor(operands) === null) {
    if (condition.item() !== 0) return;
    let text = message;
    for (const [i, name] of names.entries()) text = text.replaceAll(`{${name}}`, `${arrays[i]}`);
    throw new CheckFailedError(text);
  }
  bindOne("check", operands, { message: `[${names.join(",")}]${message}` });
}

/** Throws CheckFailedError if a check failed, or states it of a traced error (`checkify.check_error`). */
export function checkError(error: CheckError): void {
  if (contextFor([error.code]) === null) {
    error.throw();
    return;
  }
  check(bindOne("eq", [error.code, asArray(0).astype("int32")], {}), "a check of an error given failed");
}

/**
 * A function that returns what its checks found beside its result: `[error, result]` (`checkify.checkify`). Nothing is
 * thrown: `error.get()` gives the message of the first check that failed, `error.throw()` throws it. Works under jit, grad
 * and vmap, and sees into loops, branches and jitted functions.
 */
export function checkify<F extends AnyFunction>(
  f: F,
  { errors = userChecks }: CheckifyOptions = {},
): (...args: Arguments<Parameters<F>>) => [error: CheckError, result: Result<ReturnType<F>>] {
  const callee = describeCallee(f);
  const kinds = new Set(errors);
  const call = (...args: unknown[]): [CheckError, unknown] => {
    const { leaves, treedef } = flatten(args);
    const paths = leafPaths(treedef).map(([first, ...path]) => ({
      argument: first.kind === "index" ? first.index : 0,
      path,
    }));
    const arrays = leaves.map((leaf, i) =>
      argumentArray(callee, "checkify", paths[i].argument, paths[i].path, leaf),
    );
    const inputs = arrays.map((x, i) => ({
      aval: x.aval,
      name: argumentPath(callee, paths[i].argument, paths[i].path),
      hint: inputHint(callee, paths[i].argument, paths[i].path),
      outer: null,
    }));
    const traced = traceToGraph("make_jaxpr", callee, inputs, (tracers) =>
      applyFunction(f, unflatten(treedef, tracers) as unknown[]),
    );
    const { graph, sites } = instrument(traced.graph, kinds);
    const count = traced.outAvals.length;
    const weak = graph.outputs.map((_, i) => i < count && traced.outAvals[i].weakType);
    const results = bindGraph(graph, [...arrays, ...traced.captured], weak);
    const [code, ...values] = results.slice(count);
    return [new CheckError(code, values, sites), unflattenAt(traced.outTree, results, 0)];
  };
  return call as (...args: Arguments<Parameters<F>>) => [CheckError, Result<ReturnType<F>>];
}

/** An error of no checks (`checkify.init_error`). */
export function initError(): CheckError {
  return new CheckError(asArray(0).astype("int32"), [], new Sites());
}
