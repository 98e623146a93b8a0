/** The process of one first compilation: `cold ITEM SIZE`; prints its figures. */
import { coldFigures } from "./runner/cold.ts";

const [item, size] = process.argv.slice(2);
console.log(JSON.stringify(coldFigures(item, Number(size))));
