/** Forward mode and linearisation of `scan`. After JAX's _scan_jvp and _scan_partial_eval. */
import type { Builder } from "../../graph/builder.ts";
import { Graph, type Operand, Value } from "../../graph/graph.ts";
import type { ScanParams } from "../../graph/operations.ts";
import type { JvpRule, LinearizeRule } from "../../graph/primitive.ts";
import {
  count,
  dependents,
  instantiate,
  needed,
  nonzeroMask,
  pick,
  present,
  range,
  reorder,
  scatterMask,
  select,
  withoutDefinitions,
} from "./subgraphs.ts";

/**
 * The least set of loop carries that have tangents: those given, and those the body gives one. `step` transforms the
 * body for a guess; what it finds is added until nothing is.
 */
export function growCarry<R extends { readonly outNonzero: readonly boolean[] }>(
  carry: readonly boolean[],
  step: (carry: readonly boolean[]) => R,
): { carry: boolean[]; result: R } {
  let current = [...carry];
  for (;;) {
    const result = step(current);
    const grown = current.map((set, i) => set || result.outNonzero[i]);
    if (grown.every((set, i) => set === current[i])) return { carry: current, result };
    current = grown;
  }
}

/** Operands of a scan, or masks over them, by role. */
export function roles<T>(items: readonly T[], params: ScanParams): { consts: T[]; carry: T[]; xs: T[] } {
  const { numConsts, numCarry } = params;
  return {
    consts: items.slice(0, numConsts),
    carry: items.slice(numConsts, numConsts + numCarry),
    xs: items.slice(numConsts + numCarry),
  };
}

/** Tangents of the carries in the mask, with zeros made. */
function carryTangents(
  primals: readonly Operand[],
  tangents: readonly (Operand | null)[],
  mask: readonly boolean[],
): Operand[] {
  return select(instantiate(tangents, primals), mask);
}

export const scanJvp: JvpRule<ScanParams> = (b, primals, tangents, params, { transforms }) => {
  const { body, numConsts, numCarry } = params;
  const primal = roles(primals, params);
  const tangent = roles(tangents, params);
  const nonzero = roles(nonzeroMask(tangents), params);
  const { carry, result } = growCarry(nonzero.carry, (guess) =>
    transforms.jvp(body, [...nonzero.consts, ...guess, ...nonzero.xs], guess),
  );
  const [nc, nk, nx] = [nonzero.consts, carry, nonzero.xs].map(count);
  const n = body.inputs.length;
  const m = body.outputs.length;
  const inputs = [
    ...range(0, numConsts),
    ...range(n, n + nc),
    ...range(numConsts, numConsts + numCarry),
    ...range(n + nc, n + nc + nk),
    ...range(numConsts + numCarry, n),
    ...range(n + nc + nk, n + nc + nk + nx),
  ];
  const outputs = [
    ...range(0, numCarry),
    ...range(m, m + nk),
    ...range(numCarry, m),
    ...range(m + nk, result.graph.outputs.length),
  ];
  const operands = [
    ...primal.consts,
    ...present(tangent.consts),
    ...primal.carry,
    ...carryTangents(primal.carry, tangent.carry, carry),
    ...primal.xs,
    ...present(tangent.xs),
  ];
  const results = b.emit("scan", operands, {
    ...params,
    body: reorder(result.graph, inputs, outputs),
    numConsts: numConsts + nc,
    numCarry: numCarry + nk,
  });
  // Back from the scan's order to the order of the transformed body.
  const ordered = new Array<Operand>(results.length);
  for (const [at, from] of outputs.entries()) ordered[from] = results[at];
  return { outputs: ordered.slice(0, m), tangents: scatterMask(ordered.slice(m), result.outNonzero) };
};

/**
 * The primal loop stacks the residuals of its body; the linear loop reads them as slices. Not stacked are those that
 * no iteration changes (they are computed once, before the loop) and those that are slices of an operand already.
 */
export const scanLinearize: LinearizeRule<ScanParams> = (
  { primal, linear, transforms },
  primals,
  tangents,
  params,
) => {
  const { body } = params;
  const operands = roles(primals, params);
  const tangent = roles(tangents, params);
  const nonzero = roles(nonzeroMask(tangents), params);
  const { carry, result } = growCarry(nonzero.carry, (guess) =>
    transforms.linearize(body, [...nonzero.consts, ...guess, ...nonzero.xs], guess),
  );
  const { outputs, residuals } = runPrimal(primal, result.primal, primals, params);
  if (!result.outNonzero.includes(true)) return { outputs, tangents: outputs.map(() => null) };

  const invariant = residuals.map((r) => r.invariant);
  const isInvariant = range(0, residuals.length).filter((i) => invariant[i]);
  const isStacked = range(0, residuals.length).filter((i) => !invariant[i]);
  const [nc, nk] = [nonzero.consts, carry].map(count);
  const afterResiduals = range(residuals.length, result.linear.inputs.length);
  const inputs = [
    ...isInvariant,
    ...afterResiduals.slice(0, nc + nk),
    ...isStacked,
    ...afterResiduals.slice(nc + nk),
  ];
  const given = residuals.map((r) => r.operand);
  const out = linear.emit(
    "scan",
    [
      ...pick(given, isInvariant),
      ...present(tangent.consts),
      ...carryTangents(operands.carry, tangent.carry, carry),
      ...pick(given, isStacked),
      ...present(tangent.xs),
    ],
    {
      ...params,
      body: reorder(result.linear, inputs, range(0, result.linear.outputs.length)),
      numConsts: isInvariant.length + nc,
      numCarry: nk,
    },
  );
  return { outputs, tangents: scatterMask(out, result.outNonzero) };
};

interface Residual {
  readonly operand: Operand;
  /** The same in every iteration. */
  readonly invariant: boolean;
}

/** Runs the body's primal part as a scan; `graph` returns the body's outputs and then its residuals. */
function runPrimal(
  b: Builder,
  graph: Graph,
  primals: readonly Operand[],
  params: ScanParams,
): { outputs: Operand[]; residuals: Residual[] } {
  const { numConsts, numCarry } = params;
  const numOutputs = params.body.outputs.length;
  const operands = roles(primals, params);
  const inputs = roles(graph.inputs, params);
  const wanted = graph.outputs.slice(numOutputs);
  const varying = dependents(
    graph,
    graph.inputs.map((_, i) => i >= numConsts),
  );
  const hoisted = [
    ...new Set(
      wanted.filter((x): x is Value => x instanceof Value && !varying.has(x) && !graph.inputs.includes(x)),
    ),
  ];
  const outside = b.inline(
    new Graph(`${graph.name}_invariant`, inputs.consts, needed(graph.equations, hoisted), hoisted),
    operands.consts,
  );
  const outputs = [...graph.outputs.slice(0, numOutputs)];
  for (const x of wanted) {
    const isSlice = inputs.xs.some((v) => v === x);
    if (varying.has(x) && !isSlice && !outputs.slice(numCarry).includes(x)) outputs.push(x);
  }
  const equations = needed(withoutDefinitions(graph.equations, new Set(hoisted)), outputs);
  const results = b.emit("scan", [...operands.consts, ...outside, ...operands.carry, ...operands.xs], {
    ...params,
    body: new Graph(
      graph.name,
      [...inputs.consts, ...hoisted, ...inputs.carry, ...inputs.xs],
      equations,
      outputs,
    ),
    numConsts: numConsts + hoisted.length,
  });
  const stacked = outputs.slice(numCarry);
  const residuals = wanted.map((x): Residual => {
    if (!(x instanceof Value)) return { operand: x, invariant: true };
    const constant = [...inputs.consts, ...hoisted].indexOf(x);
    if (constant >= 0) return { operand: [...operands.consts, ...outside][constant], invariant: true };
    const slice = inputs.xs.indexOf(x);
    if (slice >= 0) return { operand: operands.xs[slice], invariant: false };
    return { operand: results[numCarry + stacked.indexOf(x)], invariant: false };
  });
  return { outputs: results.slice(0, numOutputs), residuals };
}
