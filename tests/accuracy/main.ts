/** `npm run accuracy`: the whole sweep; prints the table and writes it into docs/accuracy.md. */
import { FUNCTIONS } from "./functions.ts";
import { readGolden } from "./golden.ts";
import { measure, variants } from "./measure.ts";
const goldens = readGolden();
const only = process.argv.slice(2);
for (const fn of FUNCTIONS) {
  if (only.length && !only.includes(fn.name)) continue;
  const t = performance.now();
  for (const variant of variants()) {
    const { errors: e } = measure(fn, variant, 400_000, goldens);
    console.log(
      fn.name.padEnd(9), fn.dtype, variant.padEnd(8), String(fn.bound).padEnd(5), e.max.toFixed(3).padStart(9), (e.total / e.count).toFixed(3), String(e.count).padStart(8),
      e.at.join(","), e.result, e.expected, e.max > fn.bound ? "OVER" : "",
    );
    for (const w of e.wrong) console.log("   WRONG", w);
  }
}
