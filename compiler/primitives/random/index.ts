/** Random bits. The distributions are built from them in the frontend. */
import { threefry2x32 } from "./threefry.ts";

export const randomPrimitives = { threefry2x32 };
