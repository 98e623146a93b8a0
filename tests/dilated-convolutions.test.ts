/** Convolutions of dilated images as several without holes: the same results, whatever the extents. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConvParams } from "../compiler/graph/operations.ts";
import { interpretGraph } from "../compiler/interpret/reference.ts";
import { separateDilatedConvolutions } from "../compiler/passes/dilated-convolutions.ts";
import { tensorType } from "../compiler/types/tensor-type.ts";
import { verifyGraph } from "../compiler/verify/index.ts";
import { graphOf } from "./helpers/graphs.ts";
import { Random } from "./helpers/random.ts";
import { randomTensor } from "./helpers/tensors.ts";

interface Case {
  readonly extent: number;
  readonly kernel: number;
  readonly dilation: number;
  readonly kernelDilation?: number;
  readonly padding: readonly [number, number];
  readonly groups?: number;
}

const CASES: readonly Case[] = [
  { extent: 14, kernel: 3, dilation: 2, padding: [1, 2] },
  { extent: 14, kernel: 3, dilation: 2, padding: [2, 2] },
  { extent: 13, kernel: 4, dilation: 2, padding: [0, 0] },
  { extent: 9, kernel: 5, dilation: 3, padding: [4, 1] },
  { extent: 9, kernel: 3, dilation: 4, padding: [-1, 5] },
  { extent: 12, kernel: 3, dilation: 3, padding: [-4, -2] },
  { extent: 11, kernel: 3, dilation: 2, kernelDilation: 3, padding: [3, 3] },
  { extent: 11, kernel: 3, dilation: 3, kernelDilation: 2, padding: [2, 6] },
  { extent: 10, kernel: 3, dilation: 2, padding: [1, 2], groups: 2 },
  // One result position in two has no element of the kernel.
  { extent: 24, kernel: 1, dilation: 2, padding: [0, 1] },
];

for (const { extent, kernel, dilation, kernelDilation = 1, padding, groups = 1 } of CASES) {
  const name = `${extent} dilated by ${dilation}, kernel ${kernel} dilated by ${kernelDilation}, padding ${padding}, ${groups} groups`;
  test(name, () => {
    const params: ConvParams = {
      windowStrides: [1, 1],
      padding: [padding, [1, 1]],
      lhsDilation: [dilation, 2],
      rhsDilation: [kernelDilation, 1],
      lhsSpec: [0, 3, 1, 2],
      rhsSpec: [3, 2, 0, 1],
      outSpec: [0, 3, 1, 2],
      featureGroupCount: groups,
      batchGroupCount: 1,
      precision: null,
      preferredElementType: null,
    };
    const types = [
      tensorType("float64", [2, extent, 5, 8]),
      tensorType("float64", [kernel, 3, 8 / groups, 16]),
    ];
    const graph = graphOf("conv_general_dilated", types, params);
    const changed = separateDilatedConvolutions.run(graph, { donated: [] });
    verifyGraph(changed);
    assert.ok(
      changed.equations.every(({ params: p }) => !("lhsDilation" in p) || `${p.lhsDilation}` === "1,1"),
    );
    const random = new Random(3);
    const inputs = types.map((type) => randomTensor(random, type));
    const [want, got] = [graph, changed].map((g) => interpretGraph(g, inputs)[0]);
    assert.deepEqual(got.type, want.type);
    for (let i = 0; i < want.data.length; i++) {
      assert.ok(
        Math.abs(got.data[i] - want.data[i]) <= 1e-12,
        `element ${i}: ${got.data[i]}, not ${want.data[i]}`,
      );
    }
  });
}
