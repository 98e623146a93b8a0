/**
 * `linear_solve` (jax.lax.custom_linear_solve): x with A x = b, for a linear map A given as a function, by a solver of the
 * user's. Its derivatives come from the equation and not from the solver: A ∂x = ∂b − ∂A x, and the transpose is a
 * solve with Aᵀ. After jax/_src/lax/control_flow/solves.py.
 *
 * Operands: the constants of each graph, one after the other, then b. Graphs: matvec (constants…, x…) → b…; solve
 * (constants…, b…) → x…, further results; and, where there is a solver for the transpose, vecmat and transposeSolve.
 */
import type { Builder } from "../../graph/builder.ts";
import type { Graph, Operand } from "../../graph/graph.ts";
import { definePrimitive, isLinearInput, type Tangent } from "../../graph/primitive.ts";
import { UnsupportedError, WeftTypeError } from "../../types/errors.ts";
import { batchFirst } from "../batching.ts";
import {
  checkOperands,
  instantiate,
  knownInputs,
  nonzeroMask,
  present,
  scatterMask,
  typesOf,
} from "./subgraphs.ts";

type LinearSolveParams = {
  readonly graphs: readonly Graph[];
  /** How many constants each graph has. */
  readonly numConsts: readonly number[];
};

/** Places of the graphs in `graphs`. */
const MATVEC = 0;
const SOLVE = 1;

/** The operands by graph, and the right-hand side. */
function split<T>(items: readonly T[], { numConsts }: LinearSolveParams): { consts: T[][]; b: T[] } {
  let at = 0;
  const consts = numConsts.map((n) => {
    at += n;
    return items.slice(at - n, at);
  });
  return { consts, b: items.slice(at) };
}

/** ∂A x for tangents of A's constants: the tangent of matvec at x. */
function matvecTangents(
  b: Builder,
  matvec: Graph,
  consts: readonly Operand[],
  tangents: readonly Tangent[],
  x: readonly Operand[],
  jvp: (graph: Graph, nonzero: readonly boolean[]) => { graph: Graph; outNonzero: boolean[] },
): Tangent[] {
  const mask = [...nonzeroMask(tangents), ...x.map(() => false)];
  if (!mask.includes(true)) return x.map(() => null);
  const { graph, outNonzero } = jvp(matvec, mask);
  const results = b.inline(graph, [...consts, ...x, ...present(tangents)]);
  return scatterMask(results.slice(matvec.outputs.length), outNonzero);
}

export const linearSolve = definePrimitive<LinearSolveParams>({
  name: "linear_solve",
  infer(inputs, params) {
    const { consts, b } = split(inputs, params);
    for (const [i, graph] of params.graphs.entries()) {
      checkOperands("custom_linear_solve", graph, [...consts[i], ...b]);
    }
    const [matvec, solve] = params.graphs;
    if (solve === undefined || matvec.outputs.length !== b.length) {
      throw new WeftTypeError("linear_solve needs a map and a solver for it");
    }
    return typesOf(solve.outputs);
  },
  evaluate(inputs, params, context) {
    const { consts, b } = split(inputs, params);
    return context.run(params.graphs[SOLVE], [...consts[SOLVE], ...b]);
  },
  jvp(b, primals, tangents, params, { transforms }) {
    const outputs = b.emit("linear_solve", primals, params);
    const given = split(primals, params);
    const moved = split(tangents, params);
    const n = given.b.length;
    const x = outputs.slice(0, n);
    const map = matvecTangents(
      b,
      params.graphs[MATVEC],
      given.consts[MATVEC],
      moved.consts[MATVEC],
      x,
      transforms.jvp,
    );
    const right = moved.b.map((t, i): Tangent => {
      const change = map[i];
      return b.addTangents(t, change === null ? null : b.neg(change));
    });
    if (right.every((t) => t === null)) return { outputs, tangents: outputs.map(() => null) };
    const solved = b.emit("linear_solve", [...given.consts.flat(), ...instantiate(right, given.b)], params);
    return { outputs, tangents: outputs.map((_, i) => (i < n ? solved[i] : null)) };
  },
  transpose(b, cotangents, inputs, params) {
    const { graphs, numConsts } = params;
    if (graphs.length < 4) {
      throw new UnsupportedError(
        "transposeSolve required for backwards mode automatic differentiation of customLinearSolve",
      );
    }
    const given = split(inputs, params);
    if (given.consts.flat().some(isLinearInput) || !given.b.every(isLinearInput)) {
      throw new UnsupportedError("customLinearSolve can be transposed in its right-hand side only");
    }
    const n = given.b.length;
    if (cotangents.slice(n).some((ct) => ct !== null)) {
      throw new UnsupportedError("customLinearSolve: further results of solve cannot be differentiated");
    }
    const order = [2, 3, 0, 1];
    const consts = split(knownInputs(inputs), params).consts;
    const results = b.emit(
      "linear_solve",
      [...order.flatMap((i) => consts[i]), ...instantiate(cotangents.slice(0, n), given.b)],
      { graphs: order.map((i) => graphs[i]), numConsts: order.map((i) => numConsts[i]) },
    );
    return inputs.map((_, i) => results[i - (inputs.length - n)] ?? null);
  },
  batch(b, inputs, dims, params, { size, transforms }) {
    const given = split(inputs, params);
    const dim = split(dims, params);
    const right = given.b.map((x, i) => batchFirst(b, x, dim.b[i], size));
    const graphs = params.graphs.map(
      (graph, i) =>
        transforms.batch(
          graph,
          size,
          [...dim.consts[i], ...right.map(() => 0)],
          graph.outputs.map(() => true),
        ).graph,
    );
    const outputs = b.emit("linear_solve", [...given.consts.flat(), ...right], { ...params, graphs });
    return { outputs, dims: outputs.map(() => 0) };
  },
  lower: {
    kind: "expand",
    expand(b, inputs, params) {
      const { consts, b: right } = split(inputs, params);
      return b.inline(params.graphs[SOLVE], [...consts[SOLVE], ...right]);
    },
  },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: {},
});
