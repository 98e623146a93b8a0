/**
 * The rest of `lax` in pages: branches and loops, sorting, prefix sums and implicit solves. Importing this declares their
 * primitives. It exports the functions.
 */
import { flowPrimitives } from "../../compiler/primitives/control/flow.ts";
import { reduce_precision } from "../../compiler/primitives/elementwise/reduce-precision.ts";
import { cumulativePrimitives } from "../../compiler/primitives/reduction/cumulative.ts";
import { sortingPrimitives } from "../../compiler/primitives/sorting/index.ts";
import { declarePrimitives } from "../../compiler/primitives/table.ts";

export * from "../control/index.ts";
export * from "../lax/conveniences.ts";
export * from "../lax/integer-products.ts";
export * from "../lax/loops.ts";
export * from "../lax/solves.ts";
export * from "../lax/sorting.ts";

declarePrimitives({ ...flowPrimitives, reduce_precision, ...cumulativePrimitives, ...sortingPrimitives });
