/** Linear algebra in pages: importing this declares its primitives. It exports what `np.linalg` holds. */
import { linalgPrimitives } from "../../compiler/primitives/linalg/index.ts";
import { declarePrimitives } from "../../compiler/primitives/table.ts";

export * from "../numpy/linalg/index.ts";

declarePrimitives(linalgPrimitives);
