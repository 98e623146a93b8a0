/**
 * The kernel of the scatter family on a processor. Index vectors are taken in order; threads share what lies apart:
 *
 * - batches;
 * - blocks of the columns of wide windows, each walked for all index vectors;
 * - where many updates meet few elements, parts of the index vectors: each part has a copy of the elements for itself, and
 *   the copies are combined in order.
 */
import type { ScatterParams } from "../../graph/operations.ts";
import type { CustomBuffers, CustomScratch, LowerContext } from "../../graph/primitive.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { computeDType, type DType } from "../../types/dtype.ts";
import { type Combine, linearIndex, loops, Windows } from "./scatter-windows.ts";

/** Columns of a block: enough that finding the window again costs little. */
const BLOCK_COLUMNS = 64;
const MAX_BLOCKS = 16;
/** Updates of a part, at least, and for each element of a copy. */
const PART_UPDATES = 1 << 15;
const UPDATES_PER_ELEMENT = 16;
const MAX_PARTS = 8;
const LANES = 4;

interface Combination {
  lower: Combine;
  identity(dtype: DType): number;
}

/** Parts of the outermost axis of the index vectors, each with a copy of the operand; 1 where there are none. */
function partsOf({ inputs }: LowerContext<ScatterParams>, windows: Windows, combine: Combine | null): number {
  const [operand, , updates] = inputs;
  if (combine === null || windows.batched || columnBlocks(windows) !== null) return 1;
  const most = Math.floor(updates.size / Math.max(PART_UPDATES, UPDATES_PER_ELEMENT * operand.size));
  const parts = Math.min(MAX_PARTS, most, windows.vectors[0] ?? 1);
  return parts < 2 ? 1 : parts;
}

/** Copies of the operand, of the parts behind the first. */
export function scatterScratch(
  context: LowerContext<ScatterParams>,
  combine: Combine | null,
): CustomScratch[] {
  const parts = partsOf(context, new Windows(context), combine);
  const [{ dtype, size }] = context.inputs;
  return parts === 1 ? [] : [{ dtype, size: size * parts }];
}

/** How the innermost window axis is cut where it is wide. */
function columnBlocks({ extents }: Windows): { readonly width: number; readonly count: number } | null {
  const columns = extents.at(-1) ?? 1;
  const count = Math.min(MAX_BLOCKS, Math.floor(columns / BLOCK_COLUMNS));
  if (count < 2) return null;
  const width = Math.ceil(columns / count / LANES) * LANES;
  return { width, count: Math.floor(columns / width) };
}

/** Whether threads share blocks of columns, for which every index vector is read again. */
export function isCutByColumns(context: LowerContext<ScatterParams>): boolean {
  const windows = new Windows(context);
  return !windows.batched && columnBlocks(windows) !== null;
}

export function buildScatter(
  k: KernelBuilder,
  s: ScalarOps,
  buffers: CustomBuffers,
  context: LowerContext<ScatterParams>,
  combination: Combination | null,
  form: "shared" | "alone" = "shared",
): void {
  const [operand, , updates] = context.inputs;
  const [operandBuffer] = buffers.inputs;
  const [out] = buffers.outputs;
  if (operandBuffer !== out) {
    k.loop(operand.size, (i) => k.store(out, i, s.load(operandBuffer, i)), { name: "c", kind: "vector" });
  }
  if (updates.size === 0) return;
  const combine = combination?.lower ?? null;
  const windows = new Windows(context);
  const scatter = new Scatter(k, s, buffers, windows, combine);
  const parts = partsOf(context, windows, combine);
  const [copies] = buffers.scratch;
  if (combination !== null && parts > 1) scatter.inParts(parts, copies, operand.size, combination);
  else scatter.inOrder(form === "shared");
}

/** Columns of a window, `first … first + count - 1` along its innermost axis. */
interface Columns {
  readonly first: Expr;
  readonly count: number;
}

class Scatter {
  constructor(
    private readonly k: KernelBuilder,
    private readonly s: ScalarOps,
    private readonly buffers: CustomBuffers,
    private readonly windows: Windows,
    private readonly combine: Combine | null,
  ) {}

  inOrder(shared: boolean): void {
    const { k, s, windows, buffers } = this;
    const [out] = buffers.outputs;
    const columns = windows.extents.at(-1) ?? 1;
    const blocks = windows.batched || !shared ? null : columnBlocks(windows);
    const all = (of: Columns): void => {
      const [first, ...rest] = windows.vectors;
      if (first === undefined) return this.window([], out, s.int(0), of);
      const over = (i: Expr): void =>
        loops(k, [first, ...rest], "v", (vector) => this.window(vector, out, s.int(0), of), [i]);
      k.loop(first, over, { name: "v", kind: windows.batched ? "grid" : "serial" });
    };
    if (blocks === null) return all({ first: s.int(0), count: columns });
    const { width, count } = blocks;
    k.loop(count, (b) => all({ first: s.mul(b, s.int(width)), count: width }), {
      name: "block",
      kind: "grid",
    });
    if (columns > count * width) all({ first: s.int(count * width), count: columns - count * width });
  }

  inParts(parts: number, copies: BufferParam, size: number, { identity, lower }: Combination): void {
    const { k, s, windows, buffers } = this;
    const [out] = buffers.outputs;
    const [extent, ...rest] = windows.vectors;
    const chunk = Math.ceil(extent / parts);
    const columns: Columns = { first: s.int(0), count: windows.extents.at(-1) ?? 1 };
    k.loop(
      parts,
      (part) => {
        const base = s.mul(part, s.int(size));
        const neutral = s.const(identity(out.dtype), computeDType(out.dtype));
        k.loop(size, (i) => k.store(copies, s.add(base, i), neutral), { name: "c", kind: "vector" });
        k.loop(
          chunk,
          (n) => {
            const i = s.add(s.mul(part, s.int(chunk)), n);
            const body = (): void =>
              loops(k, [extent, ...rest], "v", (vector) => this.window(vector, copies, base, columns), [i]);
            const inside = s.lt(i, s.int(extent));
            if (inside.op === "const") body();
            else k.if(inside, body);
          },
          { name: "v" },
        );
      },
      { name: "part", kind: "grid" },
    );
    k.loop(
      size,
      (i) => {
        const value = k.let("value", s.load(out, i));
        k.loop(
          parts,
          (part) => {
            const own = s.load(copies, s.add(s.mul(part, s.int(size)), i));
            k.assign(value, lower(s, s.local(value), own));
          },
          { name: "part" },
        );
        k.store(out, i, s.local(value));
      },
      { name: "c", kind: "vector" },
    );
  }

  /** Stores columns of one window: the loops inside are affine in their axes, from a base that is computed once. */
  private window(vector: readonly Expr[], out: BufferParam, offset: Expr, columns: Columns): void {
    const { k, s, windows, buffers, combine } = this;
    const [, indices, source] = buffers.inputs;
    const { base, inBounds } = windows.start(k, s, indices, vector);
    const { extents, strides } = windows;
    const last = extents.length - 1;
    const isVector = last >= 0 && strides.operand[last] === 1 && strides.updates[last] === 1;
    const store = (): void => {
      const to = s.local(k.let("base", s.add(offset, base)));
      const from = windows.source(s, vector);
      const element = (w: readonly Expr[]): void => {
        const at = s.add(to, linearIndex(s, w, strides.operand));
        const update = s.load(source, s.add(from, linearIndex(s, w, strides.updates)));
        k.store(out, at, combine === null ? update : combine(s, s.load(out, at), update));
      };
      if (last < 0) return element([]);
      loops(k, extents.slice(0, -1), "w", (outer) =>
        k.loop(columns.count, (c) => element([...outer, s.add(columns.first, c)]), {
          name: "w",
          kind: isVector && columns.count >= LANES ? "vector" : "serial",
        }),
      );
    };
    if (inBounds.op === "const") store();
    else k.if(inBounds, store);
  }
}
