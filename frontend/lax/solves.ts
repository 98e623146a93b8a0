/** Roots and linear systems with derivatives from their equations (`jax.lax.custom_root`, `custom_linear_solve`). */
import { transposeGraph } from "../../compiler/transforms/index.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  asArray,
  bind,
  bindGraph,
  formatShape,
  type NdArray,
  WeftTypeError,
  WeftValueError,
  zeros,
} from "../core/index.ts";
import { describeCallee } from "../transforms/arguments.ts";
import { customJvp } from "../transforms/custom-jvp.ts";
import { jvp, linearize } from "../transforms/gradient.ts";
import {
  capturedFirst,
  type InputSpec,
  type TracedGraph,
  traceToGraph,
} from "../transforms/trace-function.ts";
import { type AnyFunction, applyFunction, type Result } from "../transforms/types.ts";
import { flatten, structureDifference, unflatten } from "../tree/tree.ts";
import type { TreeDef } from "../tree/treedef.ts";
import { neg } from "./elementwise.ts";

type Kind = "custom_root" | "custom_linear_solve";

/** Arrays in a tree. */
interface Leaves {
  readonly arrays: readonly NdArray[];
  readonly tree: TreeDef;
}

function leavesOf(value: unknown): Leaves {
  const { leaves, treedef } = flatten(value);
  return { arrays: leaves.map((leaf) => asArray(leaf as ArrayLike)), tree: treedef };
}

/** Traces a function of lists of arrays of the given types, each list a tree. */
function traceLists(
  kind: Kind,
  f: AnyFunction,
  lists: readonly Leaves[],
  call: (trees: readonly unknown[]) => unknown,
): TracedGraph {
  const inputs = lists.flatMap(({ arrays }): InputSpec[] =>
    arrays.map((x) => ({ aval: x.aval, name: "x", hint: null, outer: null })),
  );
  return traceToGraph(kind, describeCallee(f), inputs, (arrays) => {
    let at = 0;
    return call(
      lists.map(({ arrays: list, tree }) => {
        at += list.length;
        return unflatten(tree, arrays.slice(at - list.length, at));
      }),
    );
  });
}

/** Throws WeftTypeError where what a function gives has not the structure of what it takes, WeftValueError for shapes. */
function checkLike(name: string, traced: TracedGraph, expected: string, like: Leaves, hasAux: boolean): void {
  const { outTree } = traced;
  if (hasAux && (outTree.kind !== "array" || outTree.children.length !== 2)) {
    throw new WeftTypeError(`${name}() must return a pair [x, aux] where hasAux is set`);
  }
  const tree = hasAux && outTree.kind === "array" ? outTree.children[0] : outTree;
  const problem = structureDifference(like.tree, tree, expected);
  if (problem !== null) {
    throw new WeftTypeError(`${name}() output pytree structure must match ${expected}: ${problem}`);
  }
  const shapes = traced.outAvals.slice(0, like.arrays.length).map((a) => formatShape(a.type.shape));
  const wanted = like.arrays.map((x) => formatShape(x.shape));
  if (shapes.join() !== wanted.join()) {
    throw new WeftValueError(
      `${name}() output shapes must match ${expected}, got [${shapes.join(", ")}] and [${wanted.join(", ")}]`,
    );
  }
}

/** Options of `customLinearSolve`. */
export interface LinearSolveOptions<T> {
  /** Solves with the transposed map, for reverse mode: takes x ↦ Aᵀ x and b. */
  readonly transposeSolve?: (vecmat: (x: Result<T>) => Result<T>, b: Result<T>) => unknown;
  /** Whether A is its own transpose; then `solve` serves both. */
  readonly symmetric?: boolean;
  /** Whether solvers return a pair [x, aux], of which aux is not differentiated. */
  readonly hasAux?: boolean;
}

/**
 * x with A x = b for a linear map A, by a solver given with it, with derivatives by the implicit function theorem: the
 * solver itself is not differentiated (`jax.lax.custom_linear_solve`). Reverse mode needs `transposeSolve` or
 * `symmetric`.
 */
export function customLinearSolve<T>(
  matvec: (x: Result<NoInfer<T>>) => unknown,
  b: T,
  solve: (matvec: (x: Result<NoInfer<T>>) => Result<NoInfer<T>>, b: Result<NoInfer<T>>) => unknown,
  options: LinearSolveOptions<NoInfer<T>> = {},
): Result<T> {
  const { symmetric = false, hasAux = false } = options;
  const right = leavesOf(b);
  const kind = "custom_linear_solve";
  const apply = (f: AnyFunction, ...args: readonly unknown[]): unknown => applyFunction(f, args);
  const map = traceLists(kind, matvec, [right], ([x]) => apply(matvec, x));
  checkLike("matvec", map, "b", right, false);
  const solver = traceLists(kind, solve, [right], ([x]) => apply(solve, matvec, x));
  checkLike("solve", solver, "b", right, hasAux);
  const traced = [map, solver];
  const graphs = traced.map(capturedFirst);
  const consts = traced.map((t) => [...t.captured]);
  const transposed: AnyFunction | undefined = options.transposeSolve ?? (symmetric ? solve : undefined);
  if (transposed !== undefined) {
    const known = map.captured.length;
    const linear = [...consts[0].map(() => false), ...right.arrays.map(() => true)];
    const vecmatGraph = symmetric ? graphs[0] : transposeGraph(graphs[0], linear);
    const vecmat = (x: unknown): unknown =>
      unflatten(right.tree, bindGraph(vecmatGraph, [...map.captured, ...leavesOf(x).arrays]));
    const back = traceLists(kind, transposed, [right], ([x]) => apply(transposed, vecmat, x));
    checkLike("transpose_solve", back, "b", right, hasAux);
    graphs.push(vecmatGraph, capturedFirst(back));
    consts.push(consts[0].slice(0, known), [...back.captured]);
  }
  const results = bind(
    "linear_solve",
    [...consts.flat(), ...right.arrays],
    { graphs, numConsts: consts.map((list) => list.length) },
    solver.outAvals.map((a) => a.weakType),
  );
  return unflatten(solver.outTree, results) as Result<T>;
}

/** Options of `customRoot`. */
export interface RootOptions {
  /** Whether `solve` returns a pair [x, aux], of which aux is not differentiated. */
  readonly hasAux?: boolean;
}

/**
 * x with f(x) = 0, found by `solve(f, initialGuess)`, with derivatives by the implicit function theorem: of what f is
 * made of, not of the search (`jax.lax.custom_root`). `tangentSolve(g, y)` solves g(x) = y for the linear g that f is
 * near the root.
 */
export function customRoot<T>(
  f: (x: Result<NoInfer<T>>) => unknown,
  initialGuess: T,
  solve: (f: (x: Result<NoInfer<T>>) => Result<NoInfer<T>>, x: Result<NoInfer<T>>) => unknown,
  tangentSolve: (g: (x: Result<NoInfer<T>>) => Result<NoInfer<T>>, y: Result<NoInfer<T>>) => unknown,
  options: RootOptions = {},
): Result<T> {
  const { hasAux = false } = options;
  const guess = leavesOf(initialGuess);
  const kind = "custom_root";
  const n = guess.arrays.length;
  const apply = (g: AnyFunction, ...args: readonly unknown[]): unknown => applyFunction(g, args);
  const equation = traceLists(kind, f, [guess], ([x]) => apply(f, x));
  checkLike("f", equation, "initial_guess", guess, false);
  const search = traceLists(kind, solve, [guess], ([x]) => apply(solve, f, x));
  checkLike("solve", search, "initial_guess", guess, hasAux);
  const tangents = traceLists(kind, tangentSolve, [guess, guess], ([x, y]) => {
    const [, linear] = linearize(f as AnyFunction, [x] as never);
    return apply(tangentSolve, linear, y);
  });
  checkLike("tangent_solve", tangents, "x", guess, false);
  const [equationGraph, searchGraph, tangentGraph] = [equation, search, tangents].map(capturedFirst);

  type Lists = readonly (readonly NdArray[])[];
  const root = customJvp((...lists: NdArray[][]): NdArray[] => {
    const [, ofSearch, , start] = lists;
    return bindGraph(searchGraph, [...ofSearch, ...start]);
  });
  root.defJvp((primals: Lists, moved: Lists) => {
    const [ofEquation, , ofTangents] = primals;
    const results = root(...(primals as NdArray[][]));
    const solution = results.slice(0, n);
    const smooth = ofEquation.map((x) => isFloating(x.dtype));
    const pick = (list: readonly NdArray[]): NdArray[] => list.filter((_, i) => smooth[i]);
    const atSolution = (constants: NdArray[]): NdArray[] => {
      const rest = [...constants];
      const all = ofEquation.map((x, i) => (smooth[i] ? (rest.shift() ?? x) : x));
      return bindGraph(equationGraph, [...all, ...solution]);
    };
    const [, change] = jvp(atSolution, [pick(ofEquation)], [pick(moved[0])]);
    const step = bindGraph(tangentGraph, [...ofTangents, ...solution, ...change]);
    const further = results.slice(n).map((x) => zeros(x.shape, x.dtype));
    return [results, [...step.map((x) => neg(x)), ...further]];
  });
  const found = root([...equation.captured], [...search.captured], [...tangents.captured], [...guess.arrays]);
  return unflatten(search.outTree, found) as Result<T>;
}
