/** einsum: subscripts to contractions of pairs, in the order that `contraction-path.ts` finds. */
import type { DType } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, reshape } from "../lax/movement.ts";
import { constantLike } from "../lax/operands.ts";
import type { PrecisionOptions } from "../lax/precision.ts";
import { reduceSum } from "../lax/reductions.ts";
import { type ContractionPath, contractionPath } from "./contraction-path.ts";
import { arrange, contractPair, type Labelled } from "./labelled.ts";
import { promoteDTypes } from "./promotion.ts";

/** Subscripts taken apart: labels of every operand, and of the result. */
export interface Subscripts {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Labels of the axes that `...` stands for, from the last one backwards. They cannot be written by a user. */
const ELLIPSIS = "…";

function splitTerm(term: string, ndim: number, operand: number | null): string[] {
  const parts = term.split("...");
  if (parts.length > 2)
    throw new WeftValueError(`Einstein sum subscripts may have one ellipsis per operand, got '${term}'`);
  const letters = parts.map((part) => {
    if (!/^[A-Za-z]*$/.test(part)) {
      throw new WeftValueError(`Character '${part.replace(/[A-Za-z]/g, "")[0]}' is not a valid symbol.`);
    }
    return [...part];
  });
  const named = letters.flat().length;
  if (parts.length === 1 ? named !== ndim : named > ndim) {
    throw new WeftValueError(
      `Einstein sum subscript '${term}' does not contain the correct number of indices for operand ${operand ?? 0}.`,
    );
  }
  if (parts.length === 1) return letters[0];
  const hidden = ndim - named;
  return [...letters[0], ...range(hidden).map((i) => `${ELLIPSIS}${hidden - 1 - i}`), ...letters[1]];
}

/** Reads subscripts such as `"...ij,jk->...ik"`. Without `->`, labels that occur once are the result, in order. */
export function parseSubscripts(subscripts: string, shapes: readonly (readonly number[])[]): Subscripts {
  const text = subscripts.replaceAll(" ", "");
  const sides = text.split("->");
  if (sides.length > 2) throw new WeftValueError("Subscripts can only contain one '->'.");
  const terms = sides[0].split(",");
  if (terms.length !== shapes.length) {
    throw new WeftValueError(
      `Number of einsum subscripts, ${terms.length}, must be equal to the number of operands, ${shapes.length}.`,
    );
  }
  const inputs = terms.map((term, i) => splitTerm(term, shapes[i].length, i));
  const hidden = [...new Set(inputs.flat().filter((l) => l.startsWith(ELLIPSIS)))].sort(
    (a, b) => Number(b.slice(1)) - Number(a.slice(1)),
  );
  const all = inputs.flat();
  if (sides.length === 1) {
    const once = [...new Set(all)].filter(
      (l) => !l.startsWith(ELLIPSIS) && all.filter((m) => m === l).length === 1,
    );
    return { inputs, output: [...hidden, ...once.sort()] };
  }
  const letters = [...sides[1].replace("...", "")];
  const output = sides[1].includes("...")
    ? splitTerm(sides[1], letters.length + hidden.length, null)
    : letters;
  for (const [i, label] of output.entries()) {
    if (!all.includes(label))
      throw new WeftValueError(`Output character '${label}' did not appear in the input`);
    if (output.indexOf(label) !== i) {
      throw new WeftValueError(`Output character '${label}' appeared more than once in the output.`);
    }
  }
  return { inputs, output };
}

/** Extent of every label; an extent of 1 gives way. */
function extentsOf({ inputs }: Subscripts, shapes: readonly (readonly number[])[]): Map<string, number> {
  const extents = new Map<string, number>();
  for (const [i, labels] of inputs.entries()) {
    for (const [axis, label] of labels.entries()) {
      const n = shapes[i][axis];
      const known = extents.get(label) ?? 1;
      if (known !== 1 && n !== 1 && n !== known) {
        throw new WeftValueError(
          `Size of label '${label}' for operand ${i} (${n}) does not match previous terms (${known}).`,
        );
      }
      extents.set(label, known === 1 ? n : known);
    }
  }
  return extents;
}

/** Repeated labels become one: the diagonal of their axes. */
function takeDiagonals({ array, labels }: Labelled): Labelled {
  for (const [i, label] of labels.entries()) {
    const j = labels.indexOf(label, i + 1);
    if (j < 0) continue;
    if (array.shape[i] !== array.shape[j]) {
      throw new WeftValueError(
        `dimensions of operand for collapsing index '${label}' don't match (${array.shape[i]} != ${array.shape[j]})`,
      );
    }
    const onDiagonal = lax.eq(
      broadcastedIota("int32", array.shape, i),
      broadcastedIota("int32", array.shape, j),
    );
    const numeric = array.dtype === "bool" ? convert(array, "int32") : array;
    const kept = reduceSum(lax.select(onDiagonal, numeric, constantLike(numeric, 0)), [j]);
    return takeDiagonals({ array: convert(kept, array.dtype), labels: labels.toSpliced(j, 1) });
  }
  return { array, labels };
}

/** Without the axes of extent 1 whose label is longer elsewhere, and with labels summed that nobody else wants. */
function simplify(x: Labelled, wanted: ReadonlySet<string>, extents: ReadonlyMap<string, number>): Labelled {
  const short = x.labels.map((label, axis) => x.array.shape[axis] === 1 && extents.get(label) !== 1);
  const array = short.includes(true)
    ? reshape(
        x.array,
        x.array.shape.filter((_, axis) => !short[axis]),
      )
    : x.array;
  const labels = x.labels.filter((_, axis) => !short[axis]);
  const summed = labels.map((_, axis) => axis).filter((axis) => !wanted.has(labels[axis]));
  if (summed.length === 0) return { array, labels };
  return { array: reduceSum(array, summed), labels: labels.filter((l) => wanted.has(l)) };
}

/** Options of `Einsum`. */
export interface EinsumOptions extends PrecisionOptions {
  /** Dtype of the result and of the accumulation. */
  readonly preferredElementType?: DType | null;
  /** How the order of contractions is found: all orders compared ("optimal"), or step by step. Default: by their number. */
  readonly optimize?: "auto" | "optimal" | "greedy";
}

/** What the interleaved form names axes by: `np.einsum(x, [0, 1], y, [1, 2], [0, 2])`. */
export type Sublist = readonly (number | "...")[];
type EinsumArgument = ArrayLike | Sublist | EinsumOptions;

/** Arguments in either form taken apart. */
function readArguments(
  caller: string,
  first: string | ArrayLike,
  args: readonly EinsumArgument[],
): { subscripts: string; operands: ArrayLike[]; options: EinsumOptions } {
  const options = args.find(isEinsumOptions) ?? {};
  const rest = args.filter((x): x is ArrayLike | Sublist => !isEinsumOptions(x));
  if (typeof first === "string") {
    const operands = rest.map((x) => {
      if (isSublist(x)) throw new WeftTypeError(`${caller} takes no lists of axes beside subscripts`);
      return x;
    });
    if (operands.length === 0) throw new WeftValueError(`${caller} needs at least one operand`);
    return { subscripts: first, operands, options };
  }
  const all = [first, ...rest];
  const operands: ArrayLike[] = [];
  const terms: string[] = [];
  let output: string | null = null;
  for (let i = 0; i < all.length; i += 2) {
    const [x, axes] = [all[i], all[i + 1]];
    if (isSublist(x)) {
      if (i !== all.length - 1) throw notAlternating(caller);
      output = letters(x);
    } else {
      if (axes === undefined || !isSublist(axes)) throw notAlternating(caller);
      operands.push(x);
      terms.push(letters(axes));
    }
  }
  const subscripts = terms.join(",");
  return { subscripts: output === null ? subscripts : `${subscripts}->${output}`, operands, options };
}

function notAlternating(caller: string): WeftTypeError {
  return new WeftTypeError(
    `${caller} takes its subscripts as a string first, np.${caller}('ij,jk->ik', x, y), or operands and lists of axes in turn, ` +
      `np.${caller}(x, [0, 1], y, [1, 2], [0, 2])`,
  );
}

/** Axes by number as letters. */
function letters(axes: Sublist): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return axes
    .map((axis) => {
      if (axis === "...") return axis;
      const letter = alphabet[axis];
      if (letter === undefined) {
        throw new WeftValueError(`einsum numbers axes from 0 to ${alphabet.length - 1}, got ${axis}`);
      }
      return letter;
    })
    .join("");
}

function isSublist(x: ArrayLike | Sublist): x is Sublist {
  return Array.isArray(x);
}

/**
 * The order in which `einsum` contracts operands: pairs of places in the list of what is left, the result of each going
 * to its end (`jnp.einsum_path`).
 */
export function einsumPath(
  subscripts: string | ArrayLike,
  ...args: readonly EinsumArgument[]
): ContractionPath {
  const given = readArguments("einsumPath", subscripts, args);
  const shapes = given.operands.map((x) => (x instanceof NdArray ? x.shape : []));
  const parsed = parseSubscripts(given.subscripts, shapes);
  return contractionPath(
    parsed.inputs,
    parsed.output,
    extentsOf(parsed, shapes),
    given.options.optimize ?? "auto",
  );
}

/**
 * Sums of products by Einstein's convention (`jnp.einsum`): `np.einsum("bij,bjk->bik", x, y)`. `...` stands for further
 * axes, which broadcast. Operands are promoted; the last argument may be options. Axes may be numbered instead:
 * `np.einsum(x, [0, 1], y, [1, 2], [0, 2])`.
 * Throws WeftValueError where subscripts do not fit the operands.
 */
export function einsum(subscripts: string | ArrayLike, ...args: readonly EinsumArgument[]): NdArray {
  const given = readArguments("einsum", subscripts, args);
  const arrays = promoteDTypes("einsum", ...given.operands);
  const shapes = arrays.map((x) => x.shape);
  const parsed = parseSubscripts(given.subscripts, shapes);
  const extents = extentsOf(parsed, shapes);
  const { output } = parsed;
  const { optimize = "auto" } = given.options;

  const terms = arrays.map((array, i) => takeDiagonals({ array, labels: parsed.inputs[i] }));
  const needed = (without: readonly number[]): Set<string> =>
    new Set([...output, ...terms.flatMap((t, k) => (without.includes(k) ? [] : [...t.labels]))]);
  for (const i of range(terms.length)) {
    terms[i] = simplify(terms[i], needed([i]), extents);
  }
  const order = contractionPath(
    terms.map((t) => t.labels),
    output,
    extents,
    optimize,
  );
  for (const [i, j] of order) {
    const result = contractPair(terms[i], terms[j], needed([i, j]), given.options);
    terms.splice(j, 1);
    terms.splice(i, 1);
    terms.push(result);
  }
  return arrange(terms[0], output, extents);
}

function isEinsumOptions(x: EinsumArgument): x is EinsumOptions {
  return typeof x === "object" && !(x instanceof NdArray) && !Array.isArray(x);
}
