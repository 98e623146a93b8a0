/**
 * Convolutions from many features to few, as the input gradients of first layers are: the features lie contiguous in the
 * image, and lanes run along them. Of a tile of results each has a sum of its own in lanes:
 *
 *   pack the kernel to [output feature][window elements][feature]
 *   for images: stage the image with its padding
 *     for rows of results, tiles of columns:
 *       for window elements: for elements and features that lie contiguous, in lanes: a multiply-add per result
 */
import { linearise } from "../../fusion/access.ts";
import type { Contraction, Coordinate } from "../../graph/contraction.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { Stmt } from "../../kernel/kernel.ts";
import { KernelBuilder } from "../../kernel/kernel-builder.ts";
import { scalarOps as s } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { coordinatesAt, factorAxes, type Position, product, resultIndex } from "./axes.ts";
import { LANES, rowSegments } from "./plan.ts";
import { emitResults, type Finish } from "./results.ts";
import { stageImage } from "./staging.ts";

/** Results of a tile, by output features: as many sums, with what they are made of, as there are vector registers. */
const RESULTS_OF_TILE = [6, 4, 3] as const;
/** Vectors of features from which adding up a sum's lanes costs little. */
const LEAST_VECTORS = 2;

interface Plan {
  readonly imageFactor: 0 | 1;
  /** Axes of loops around the image. */
  readonly images: readonly number[];
  /** Of the result along which windows slide, outermost first. */
  readonly windows: readonly number[];
  readonly outputs: readonly number[];
  /** Summed over, outermost first; the last ones are one contiguous run. */
  readonly elements: readonly number[];
  readonly run: readonly number[];
}

type Access = (index: readonly Expr[]) => Expr;

/** The kernel's statements, or null where the contraction is another one. */
export function lowerNarrow(
  contraction: Contraction,
  accesses: readonly [Access, Access],
  dtype: DType,
  kernel: Finish,
): Stmt[] | null {
  const plan = dtype === "float32" && !kernel.costly ? planNarrow(contraction) : null;
  return plan === null ? null : emit(contraction, plan, accesses, dtype, kernel);
}

function planNarrow({ extents, factors, result }: Contraction): Plan | null {
  const longTerms = ({ terms }: Coordinate) => terms.filter(({ axis }) => extents[axis] > 1);
  const isWindow = (c: Coordinate): boolean => longTerms(c).length > 1;
  const imageFactor = factors[0].coordinates.some(isWindow) ? 0 : 1;
  const image = factors[imageFactor];
  const other = factors[1 - imageFactor];
  if (!image.coordinates.some(isWindow) || other.coordinates.some(isWindow)) return null;
  const all = extents.map((_, axis) => axis).filter((axis) => extents[axis] > 1);
  const inResult = new Set(result.flat());
  const [ofImage, ofOther] = [factorAxes(image), factorAxes(other)];
  if (all.some((axis) => inResult.has(axis) && ofImage.has(axis) && ofOther.has(axis))) return null;
  const outputs = all.filter((axis) => !ofImage.has(axis));
  if (product(extents, outputs) > RESULTS_OF_TILE.length) return null;
  const images: number[] = [];
  const windows: number[] = [];
  const elements: number[] = [];
  const run: number[] = [];
  for (const [n, coordinate] of [...image.coordinates.entries()].reverse()) {
    const terms = longTerms(coordinate);
    const window = terms.find(({ axis }) => inResult.has(axis));
    const element = terms.find(({ axis }) => !inResult.has(axis));
    if (terms.length > 2 || (terms.length === 2 && (window === undefined || element === undefined)))
      return null;
    const last = n === image.coordinates.length - 1;
    if (last && (window !== undefined || element === undefined || element.step !== 1 || coordinate.valid))
      return null;
    if (element !== undefined) {
      // The features, and with them the elements before them, if these follow one another.
      if (last || (run.length === 1 && n === image.coordinates.length - 2 && element.step === 1))
        run.unshift(element.axis);
      else elements.unshift(element.axis);
      if (window !== undefined) windows.unshift(window.axis);
    } else if (window !== undefined) {
      if (coordinate.valid !== undefined || window.step !== 1) return null;
      images.unshift(window.axis);
    }
  }
  const features = run.at(-1);
  if (features === undefined || extents[features] < LEAST_VECTORS * LANES || windows.length === 0)
    return null;
  return { imageFactor, images, windows, outputs, elements, run };
}

function emit(
  contraction: Contraction,
  plan: Plan,
  accesses: readonly [Access, Access],
  dtype: DType,
  kernel: Finish,
): Stmt[] {
  const k = new KernelBuilder();
  const { extents, factors } = contraction;
  const { imageFactor, images, windows, outputs, elements, run } = plan;
  const { parameters } = kernel;
  const other = imageFactor === 0 ? 1 : 0;
  const element = (factor: 0 | 1, coordinates: readonly Expr[]): Expr =>
    factors[factor].element(s, accesses[factor], coordinates);
  const over = (axes: readonly number[], at: Position, body: (at: Position) => void): void => {
    const [axis, ...rest] = axes;
    if (axis === undefined) return body(at);
    k.loop(extents[axis], (i) => over(rest, at.with(axis, i), body));
  };
  const origin: Position = extents.map(() => s.int(0));

  const packedAxes = [...outputs, ...elements, ...run];
  const weights = parameters.scratch(dtype, product(extents, packedAxes));
  const placeIn = (axes: readonly number[], at: Position): Expr =>
    axes.reduce((index, axis) => s.add(s.mul(index, s.int(extents[axis])), at[axis]), s.int(0));
  over(packedAxes, origin, (at) =>
    k.store(weights, placeIn(packedAxes, at), element(other, coordinatesAt(factors[other], at))),
  );

  over(images, origin, (ofImage) => {
    // Each image has its own, if there are several.
    const scratch = (size: number): BufferParam =>
      images.length > 0 ? parameters.temporary(dtype, size) : parameters.scratch(dtype, size);
    const staged = stageImage(k, {
      factor: factors[imageFactor],
      extents,
      source: (coordinates) => element(imageFactor, coordinates),
      fixed: images,
      at: ofImage,
      dtype,
      scratch,
      slack: 0,
      lanes: null,
      tiles: null,
    });
    if (staged.kind === "plain") results(ofImage, staged.source.read);
  });

  function results(ofImage: Position, read: (at: Position) => Expr): void {
    const count = product(extents, outputs);
    const column = windows[windows.length - 1];
    const tiles = rowSegments(extents[column], RESULTS_OF_TILE[count - 1]);
    const features = run[run.length - 1];
    over(windows.slice(0, -1), ofImage, (ofRow) => {
      for (const { start, count: number, height } of tiles) {
        k.loop(
          number,
          (tile) => {
            const first = s.add(s.mul(tile, s.int(height)), s.int(start));
            const sums = Array.from({ length: height }, (_, row) =>
              Array.from({ length: count }, (_, output) => ({
                at: outputAt(ofRow.with(column, s.add(first, s.int(row))), output),
                acc: k.let("acc", s.const(0, dtype)),
              })),
            );
            over(elements, origin, (ofElement) => {
              k.loop(
                product(extents, run),
                (i) => {
                  const inImage = (at: Position): Position => {
                    const placed = [...at];
                    for (const axis of elements) placed[axis] = ofElement[axis];
                    return placed.with(features, i);
                  };
                  const length = s.int(product(extents, [...elements, ...run]));
                  const inRun = s.add(s.mul(placeIn(elements, ofElement), s.int(product(extents, run))), i);
                  const right = Array.from({ length: count }, (_, output) =>
                    s.load(weights, s.add(s.mul(s.int(output), length), inRun)),
                  );
                  for (const row of sums) {
                    const left = read(inImage(row[0].at));
                    for (const [output, { acc }] of row.entries())
                      k.accumulate(acc, "add", s.mul(left, right[output]));
                  }
                },
                { name: "f", kind: "vector" },
              );
            });
            for (const { at, acc } of sums.flat()) {
              const index = resultIndex(contraction, at);
              emitResults(
                k,
                kernel,
                index,
                linearise(index, kernel.equation.outputs[0].type.shape),
                s.local(acc),
              );
            }
          },
          { name: "it" },
        );
      }
    });
  }

  /** A position with the output feature of a number. */
  function outputAt(at: Position, output: number): Position {
    const placed = [...at];
    let rest = output;
    for (const axis of [...outputs].reverse()) {
      placed[axis] = s.int(rest % extents[axis]);
      rest = Math.floor(rest / extents[axis]);
    }
    return placed;
  }
  return k.finish();
}
