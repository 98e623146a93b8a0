/** Every primitive's batch rule against a loop over the batch, exactly: the oracle computes both. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { reader, tabulate } from "../../compiler/primitives/reference-tensors.ts";
import { batchGraph } from "../../compiler/transforms/index.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import { type Case, casesOf, dataFor, graphOf, OPERATIONS } from "./cases.ts";

const SIZE = 3;
/** A batch of one op per input costs much where an op has many inputs; these are enough. */
const MAX_CASES = 14;
const NOT_RUN: ReadonlySet<string> = new Set(["custom_vjp_linear", "checkpoint_linear"]);

/** Stacks tensors of one type along a new axis. */
function stack(parts: readonly RefTensor[], axis: number): RefTensor {
  const shape = [...parts[0].type.shape];
  shape.splice(axis, 0, parts.length);
  const reads = parts.map(reader);
  return tabulate(tensorType(parts[0].type.dtype, shape), (index) => {
    const rest = [...index];
    const [at] = rest.splice(axis, 1);
    return reads[at](rest);
  });
}

/** The `at`-th slice along an axis. */
function slice(x: RefTensor, axis: number, at: number): RefTensor {
  const shape = [...x.type.shape];
  shape.splice(axis, 1);
  const read = reader(x);
  return tabulate(tensorType(x.type.dtype, shape), (index) => {
    const full = [...index];
    full.splice(axis, 0, at);
    return read(full);
  });
}

function assertSame(got: RefTensor, want: RefTensor, title: string): void {
  assert.equal(got.type.text, want.type.text, title);
  for (let i = 0; i < want.data.length; i++) {
    const close =
      Object.is(got.data[i], want.data[i]) ||
      Math.abs(got.data[i] - want.data[i]) <= 1e-9 * Math.max(1, Math.abs(want.data[i]));
    assert.ok(
      close || got.data[i] === want.data[i],
      `${title}: element ${i}: ${got.data[i]} for ${want.data[i]}`,
    );
  }
}

/** Which inputs are batched, and along which axis: each alone, all at the front, all at the end. */
function placements(c: Case): (number | null)[][] {
  const n = c.inputs.length;
  if (n === 0) return [];
  const front = c.inputs.map(() => 0);
  const back = c.inputs.map((x) => x.type.shape.length);
  if (n === 1) return [front, back];
  const alone = c.inputs.map((_, k) =>
    c.inputs.map((x, i) => (i === k ? Math.min(1, x.type.shape.length) : null)),
  );
  return [front, back, ...alone];
}

function check(c: Case, dims: readonly (number | null)[]): void {
  const graph = graphOf(c);
  const copies = Array.from({ length: SIZE }, (_, k) => dataFor(c, `batching ${k}`));
  const inputs = c.inputs.map((_, i) => {
    const dim = dims[i];
    return dim === null
      ? copies[0][i]
      : stack(
          copies.map((copy) => copy[i]),
          dim,
        );
  });
  const loop = copies.map((_, k) =>
    interpretGraph(
      graph,
      c.inputs.map((_, i) => copies[dims[i] === null ? 0 : k][i]),
    ),
  );
  const { graph: batched, outDims } = batchGraph(graph, SIZE, dims);
  const results = interpretGraph(batched, inputs);
  const title = `${c.title} with axes [${dims.join()}]`;
  for (const [o, result] of results.entries()) {
    const dim = outDims[o];
    for (let k = 0; k < SIZE; k++) {
      assertSame(
        dim === null ? result : slice(result, dim, k),
        loop[k][o],
        `${title}, output ${o}, example ${k}`,
      );
    }
  }
}

for (const op of OPERATIONS) {
  if (NOT_RUN.has(op)) continue;
  const cases = casesOf(op);
  // Elementwise primitives have a case per dtype and shape; a spread of them is enough for one shared rule.
  const stride = Math.max(1, Math.ceil(cases.length / MAX_CASES));
  const chosen = cases.filter((c, i) => i % stride === 0 && c.inputs.length > 0);
  if (chosen.length === 0) continue;
  describe(op, () => {
    for (const c of chosen) {
      test(c.title, () => {
        for (const dims of placements(c)) check(c, dims);
      });
    }
  });
}
