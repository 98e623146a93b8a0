/**
 * Contractions as packed panels and register tiles. The loops are those of `plan.ts`:
 *
 * - an operand with padding is copied into an image that has it, so that no inner loop has a guard;
 * - the columns factor is packed into panels [panel][depth][columns of a panel], the last panel filled with zeros;
 * - the rows factor is read where it is, or packed tile by tile into a panel [depth][rows of a tile];
 * - a tile sums over the depth in registers. If the depth is cut into blocks, the sums so far are kept in a scratch
 *   buffer and the epilogue runs after the last block, else it runs on the tile's registers.
 *
 * Sums are over the depth in one order whatever the tile, so a result does not depend on where in a tile it falls.
 */
import { contextOf } from "../../fusion/access.ts";
import type { FusionGroup } from "../../fusion/plan.ts";
import type { Contraction } from "../../graph/contraction.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { Stmt } from "../../kernel/kernel.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import { primitiveOf } from "../../primitives/table.ts";
import type { Elements } from "../elements.ts";
import type { Parameters } from "../parameters.ts";
import { lowerWinograd } from "../winograd/lower-winograd.ts";
import { factorAxes, imageStrides, operandSource, resultStrides, type Source } from "./axes.ts";
import { lowerNarrow } from "./narrow.ts";
import { pairDepth } from "./pairs.ts";
import { planContraction } from "./plan.ts";
import { isCostly } from "./results.ts";
import { stageImage } from "./staging.ts";
import { ContractionTiles } from "./tiles.ts";
import type { Within } from "./walk.ts";

/** The kernel's statements, or null where another schedule serves better. */
export function lowerContraction(
  group: FusionGroup,
  elements: Elements,
  parameters: Parameters,
): Stmt[] | null {
  const reductions = group.roots.filter((root) => primitiveOf(root.op).lower.kind === "reduce");
  const [equation] = reductions;
  if (equation === undefined || reductions.length > 1) return null;
  const { lower } = primitiveOf(equation.op);
  if (lower.kind !== "reduce" || lower.contraction === undefined) return null;
  const [out] = equation.outputs;
  const [{ dtype }] = lower.accumulators(contextOf(equation));
  if (out.type.size === 0 || out.type.dtype === "bool") return null;
  const contraction = lower.contraction(contextOf(equation));
  const strides = resultStrides(contraction, out.type.shape);
  if (strides === null) return null;
  elements.clear();
  const [x, y] = equation.inputs;
  const accesses = [
    (index: readonly Expr[]): Expr => elements.element(x, index),
    (index: readonly Expr[]): Expr => elements.element(y, index),
  ] as const;
  const sourcesOf = (of: Contraction, paired: number | null): readonly [Source, Source] => [
    operandSource(of, 0, accesses[0], paired),
    operandSource(of, 1, accesses[1], paired),
  ];
  const sources = sourcesOf(contraction, null);
  const parts = { group, equation, lower, elements, parameters };
  const finish = { ...parts, costly: isCostly(parts) };
  const filtered = lowerWinograd(contraction, dtype, finish);
  if (filtered !== null) return filtered;
  const narrow = lowerNarrow(contraction, accesses, dtype, finish);
  if (narrow !== null) return narrow;
  const pairs = pairDepth(contraction, accesses, dtype, out.type.dtype);
  if (pairs !== null) {
    const paired = sourcesOf(pairs.contraction, pairs.axis);
    const plan = planContraction(pairs.contraction, { sources: paired, out: strides }, "int32");
    if (plan !== null) return new ContractionLowerer(plan, paired, "int32", finish, pairs).run();
  }
  const plan = planContraction(contraction, { sources, out: strides }, dtype);
  return plan === null ? null : new ContractionLowerer(plan, sources, dtype, finish).run();
}

class ContractionLowerer extends ContractionTiles {
  run(): Stmt[] {
    const { plan } = this;
    const start: Within = {
      position: this.extents.map(() => s.int(0)),
      columnBlock: s.int(0),
      depthBlock: s.int(0),
      first: s.bool(true),
      last: s.bool(true),
    };
    const columnsImage = this.imageLoops(this.columnsFactor);
    const rowsImage = this.imageLoops(plan.rowsFactor);
    const outer = [...plan.batch, ...plan.columnsOuter];
    let packed = !plan.rowsPackedOnce;
    const stage = (entered: readonly number[], at: Within): void => {
      for (const image of [columnsImage, rowsImage]) {
        if (image !== null && !image.done && image.fixed.every((axis) => entered.includes(axis))) {
          image.done = true;
          this.stage(image.factor, image.fixed, at);
        }
      }
    };
    const loops = (
      axes: readonly number[],
      entered: readonly number[],
      at: Within,
      body: (at: Within) => void,
    ): void => {
      stage(entered, at);
      if (!packed && plan.batch.every((axis) => entered.includes(axis))) {
        packed = true;
        for (const { start, count, height } of plan.segments) {
          this.k.loop(
            count,
            (tile) => this.packRows(at, s.add(s.mul(tile, s.int(height)), s.int(start)), height),
            { name: "it" },
          );
        }
      }
      const [axis, ...rest] = axes;
      if (axis === undefined) return body(at);
      this.k.loop(this.extents[axis], (i) => loops(rest, [...entered, axis], this.set(at, axis, i), body), {
        name: "i",
      });
    };
    loops(outer, [], start, (at) => {
      this.k.loop(
        plan.columnBlocks,
        (columnBlock) => {
          const inBlock = { ...at, columnBlock };
          this.depthLoops(
            plan.depthOuter,
            inBlock,
            (inDepth, axes) => {
              stage([...outer, ...axes], inDepth);
            },
            (inDepth) => {
              this.packColumns(inDepth);
              loops(plan.rowsOuter, [...outer, ...plan.depthOuter], inDepth, (inRows) =>
                this.rowTiles(inRows),
              );
            },
          );
          if (this.sums !== null) this.finishSums(inBlock);
        },
        { name: "jc" },
      );
    });
    return this.k.finish();
  }

  /** An image holds the factor at fixed positions of the loops around it, whole along all else. */
  protected imageLoops(factor: 0 | 1): { factor: 0 | 1; fixed: readonly number[]; done: boolean } | null {
    const { plan } = this;
    const staging = factor === plan.rowsFactor ? plan.rowsStaging : plan.columnsStaging;
    if (staging === "none") return null;
    const { coordinates } = plan.contraction.factors[factor];
    const used = factorAxes(plan.contraction.factors[factor]);
    const alone = (axis: number | undefined): boolean =>
      axis !== undefined &&
      coordinates.some(
        (c) =>
          c.terms.filter((t) => this.extents[t.axis] > 1).length === 1 &&
          c.terms.some((t) => t.axis === axis),
      );
    const fixed = plan.batch.filter((axis) => used.has(axis) && alone(axis));
    const [column] = plan.columnsOuter;
    const [depth] = plan.depthOuter;
    const [row] = plan.rowsOuter;
    if (factor !== plan.rowsFactor && alone(column)) fixed.push(column);
    else if (plan.columnsOuter.length === 0 && plan.columnBlocks === 1) {
      if (alone(depth)) fixed.push(depth);
      else if (factor === plan.rowsFactor && !this.summedInBlocks && alone(row)) fixed.push(row);
    }
    return { factor, fixed, done: false };
  }

  protected stage(factor: 0 | 1, fixed: readonly number[], at: Within): void {
    const { plan } = this;
    const isRows = factor === plan.rowsFactor;
    const operand = plan.contraction.factors[factor];
    const [lanes] = plan.columns.axes;
    // Lanes lie next to each other, but for groups of several features.
    const step = plan.shared ? imageStrides(operand, this.extents, lanes)[lanes] : 1;
    const staged = stageImage(this.k, {
      factor: operand,
      extents: this.extents,
      source: this.operand(factor),
      fixed,
      at: at.position,
      dtype: this.dtype,
      scratch: (size) => this.kernel.parameters.scratch(this.dtype, size),
      // Columns beyond the last are read too, and what they give is not stored.
      slack: isRows && !plan.shared ? 0 : this.width * step,
      lanes: plan.shared ? lanes : null,
      tiles: isRows && plan.rowsTiled ? { axis: plan.rows.axes[0], segments: plan.segments } : null,
    });
    if (staged.kind === "tiled") {
      this.tiledRows = staged.read;
      this.rowStrides = staged.strides;
    } else this.sources[factor] = staged.source;
  }

  protected operand(factor: 0 | 1): (coordinates: readonly Expr[]) => Expr {
    const { equation, elements } = this.kernel;
    const x = equation.inputs[factor];
    return (coordinates) =>
      this.plan.contraction.factors[factor].element(s, (index) => elements.element(x, index), coordinates);
  }

  protected depthLoops(
    axes: readonly number[],
    at: Within,
    entered: (at: Within, axes: readonly number[]) => void,
    body: (at: Within) => void,
    done: readonly number[] = [],
  ): void {
    const [axis, ...rest] = axes;
    if (axis !== undefined) {
      this.k.loop(
        this.extents[axis],
        (i) => {
          const inside = this.set({ ...at, first: s.and(at.first, s.eq(i, s.int(0))) }, axis, i);
          entered(inside, [...done, axis]);
          this.depthLoops(rest, inside, entered, body, [...done, axis]);
        },
        { name: "p" },
      );
      return;
    }
    const { depthBlock } = this.plan;
    if (depthBlock === null) return body(at);
    this.k.loop(
      depthBlock.count,
      (block) =>
        body({
          ...at,
          depthBlock: block,
          first: s.and(at.first, s.eq(block, s.int(0))),
          last: s.eq(block, s.int(depthBlock.count - 1)),
        }),
      { name: "pc" },
    );
  }

  /** The epilogue of a block of columns whose sums are complete. */
  protected finishSums(at: Within): void {
    const { plan } = this;
    const k = this.k;
    const scratch = this.sums;
    if (scratch === null) return;
    const { blockColumns } = this;
    this.ofBlock(at, (count) => {
      const outer = (n: number, within: Within): void => {
        const axis = plan.rowsOuter[n];
        if (axis !== undefined) {
          k.loop(this.extents[axis], (i) => outer(n + 1, this.set(within, axis, i)), { name: "i" });
          return;
        }
        const inner = plan.rows.axes;
        const row = (m: number, position: Within, number: Expr): void => {
          const rowAxis = inner[m];
          if (rowAxis !== undefined) {
            const extent = this.extents[rowAxis];
            k.loop(extent, (i) => row(m + 1, position, s.add(s.mul(number, s.int(extent)), i)), {
              name: "i",
            });
            return;
          }
          k.loop(
            count,
            (column) => {
              const index = s.add(s.mul(this.sumRow(position, number), s.int(blockColumns)), column);
              this.results(
                position,
                number,
                s.add(s.mul(at.columnBlock, s.int(blockColumns)), column),
                s.load(scratch, index),
              );
            },
            { name: "j", kind: "vector" },
          );
        };
        row(0, within, s.int(0));
      };
      outer(0, at);
    });
  }
}
