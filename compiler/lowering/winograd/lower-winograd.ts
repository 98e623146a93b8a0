/** Convolutions by minimal filtering, where `plan.ts` finds that it pays. */
import type { Contraction } from "../../graph/contraction.ts";
import type { Stmt } from "../../kernel/kernel.ts";
import type { DType } from "../../types/dtype.ts";
import type { Finish } from "../contraction/results.ts";
import { planWinograd } from "./plan.ts";
import { ResultTiles } from "./result-tiles.ts";
import { WindowTiles } from "./window-tiles.ts";

/** The kernel's statements, or null where the contraction is another one. */
export function lowerWinograd(contraction: Contraction, dtype: DType, kernel: Finish): Stmt[] | null {
  const plan = planWinograd(contraction, dtype);
  if (plan === null) return null;
  return plan.tiled === "results" ? new ResultTiles(plan, kernel).run() : new WindowTiles(plan, kernel).run();
}
