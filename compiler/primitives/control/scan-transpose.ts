/** Transposition of a linear `scan`: the loop backwards. After JAX's _scan_transpose. */
import type { Builder } from "../../graph/builder.ts";
import { Graph, type Operand } from "../../graph/graph.ts";
import type { ScanParams } from "../../graph/operations.ts";
import {
  isLinearInput,
  type Tangent,
  type TransposeInput,
  type TransposeRule,
} from "../../graph/primitive.ts";
import { roles } from "./scan-derivatives.ts";
import {
  count,
  dependents,
  instantiate,
  isZero,
  knownInputs,
  needed,
  range,
  scatterMask,
  select,
  typesOf,
  where,
} from "./subgraphs.ts";

/**
 * The transposed loop runs the other way. It carries the cotangents of the linear carries, and a sum for every
 * linear const; slices of the stacked results' cotangents come in, cotangents of the linear slices go out.
 */
export const scanTranspose: TransposeRule<ScanParams> = (b, cotangents, inputs, params, { transforms }) => {
  const { body, numCarry, length, reverse } = params;
  const operand = roles(inputs, params);
  const linear = linearCarries(inputs, params);
  const mask = [...linear.consts, ...linear.carry, ...linear.xs];
  const reached = dependents(body, mask);
  const ofCarry = cotangents.slice(0, numCarry);
  const ofYs = cotangents
    .slice(numCarry)
    .map((ct, i) => (reached.has(body.outputs[numCarry + i]) ? ct : null));

  const transposed = transforms.transpose(body, mask, [...linear.carry, ...ofYs.map((ct) => ct !== null)]);
  const known = roles(
    mask.map((set) => !set),
    params,
  );
  const knownCarry = stackKnownCarry(b, inputs, mask, params);

  // transposed: (known consts, known carry, known xs, ct carry, ct ys) → (ct consts, ct carry, ct xs)
  const [kc, kk, kx] = [known.consts, known.carry, known.xs].map(count);
  const [lc, lk] = [linear.consts, linear.carry].map(count);
  // A const whose cotangent is zero in every iteration needs no sum.
  const summed = transposed.outputs.slice(0, lc).map((x) => !isZero(x));
  const sums = select(select(body.inputs.slice(0, params.numConsts), linear.consts), summed);
  const ns = sums.length;
  const given = transposed.inputs;
  const types = typesOf([
    ...given.slice(0, kc),
    ...sums,
    ...given.slice(kc + kk + kx, kc + kk + kx + lk),
    ...given.slice(kc, kc + kk + kx),
    ...given.slice(kc + kk + kx + lk),
  ]);
  const backward = transforms.build(transposed.name, types, (inner, args) => {
    const consts = args.slice(0, kc);
    const before = args.slice(kc, kc + ns);
    const ctCarry = args.slice(kc + ns, kc + ns + lk);
    const slices = args.slice(kc + ns + lk);
    const results = inner.inline(transposed, [
      ...consts,
      ...slices.slice(0, kk + kx),
      ...ctCarry,
      ...slices.slice(kk + kx),
    ]);
    const added = select(results.slice(0, lc), summed).map((x, i) => inner.add(before[i], x));
    return [...added, ...results.slice(lc)];
  });
  const results = b.emit(
    "scan",
    [
      ...knownInputs(operand.consts),
      ...sums.map((v) => b.zeros(v.type)),
      ...select(instantiate(ofCarry, body.outputs), linear.carry),
      ...knownCarry,
      ...knownInputs(operand.xs),
      ...ofYs.filter((ct): ct is Operand => ct !== null),
    ],
    { ...params, body: backward, numConsts: kc, numCarry: ns + lk, length, reverse: !reverse },
  );
  const ctConsts = scatterMask(scatterMask(results.slice(0, ns), summed), linear.consts);
  const ctCarry = scatterMask(results.slice(ns, ns + lk), linear.carry);
  const ctXs = scatterMask(results.slice(ns + lk), linear.xs);
  // A linear carry may start from a zero that is no operand to give a cotangent to.
  return [...ctConsts, ...ctCarry, ...ctXs].map((ct, i): Tangent => (isLinearInput(inputs[i]) ? ct : null));
};

/** Which operands the loop is linear in. A carry is, if it starts linear or something linear flows into it. */
function linearCarries(
  inputs: readonly TransposeInput[],
  params: ScanParams,
): { consts: boolean[]; carry: boolean[]; xs: boolean[] } {
  const linear = roles(inputs.map(isLinearInput), params);
  for (;;) {
    const reached = dependents(params.body, [...linear.consts, ...linear.carry, ...linear.xs]);
    const carry = linear.carry.map((set, i) => set || reached.has(params.body.outputs[i]));
    if (carry.every((set, i) => set === linear.carry[i])) return linear;
    linear.carry = carry;
  }
}

/** Carries that are not linear (a counter) are run forward first, and their values at the start of each step kept. */
function stackKnownCarry(
  b: Builder,
  inputs: readonly TransposeInput[],
  mask: readonly boolean[],
  params: ScanParams,
): Operand[] {
  const { body } = params;
  const known = roles(
    mask.map((set) => !set),
    params,
  );
  const carries = select(roles(body.inputs, params).carry, known.carry);
  if (carries.length === 0) return [];
  const formals = roles(body.inputs, params);
  const next = where(known.carry).map((i) => body.outputs[i]);
  const forward = new Graph(
    `${body.name}_known`,
    [...select(formals.consts, known.consts), ...carries, ...select(formals.xs, known.xs)],
    needed(body.equations, next),
    [...next, ...carries],
  );
  const operands = inputs.filter((x, i): x is Operand => !mask[i] && !isLinearInput(x));
  const results = b.emit("scan", operands, {
    ...params,
    body: forward,
    numConsts: count(known.consts),
    numCarry: carries.length,
  });
  return range(carries.length, results.length).map((i) => results[i]);
}
