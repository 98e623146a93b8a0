/** `npm run fuzz -- contractions`: random products and convolutions of every kind against the oracle. */
import type { Platform } from "weft";
import { printGraph } from "../../../compiler/text/graph-printer.ts";
import type { FuzzOptions } from "../nests/main.ts";
import { checkContraction } from "./check.ts";

/** Checks programs of successive seeds; returns how many fail. `save` writes a file and returns its name. */
export async function fuzzContractions(
  { seed, count, seconds, log }: FuzzOptions,
  platforms: readonly Platform[],
  save: (name: string, text: string) => string,
): Promise<number> {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  let failed = 0;
  let done = 0;
  for (; done < count && elapsed() < seconds; done++) {
    const current = seed + done;
    const failure = await checkContraction(current, platforms);
    if (failure !== null) {
      failed++;
      const file = save(`contraction-${current}.ir`, printGraph(failure.graph));
      log(
        `FAILED, seed ${current}: ${failure.message}\ngraph: ${file}\n` +
          `again: npm run fuzz -- contractions --devices ${platforms.join(",")} --seed ${current}`,
      );
    }
    if ((done + 1) % 200 === 0)
      log(`${done + 1} contractions, ${failed} failures, ${elapsed().toFixed(0)} s`);
  }
  const outcome = failed === 0 ? "all agree with the oracle" : `${failed} FAIL`;
  log(
    `${done} contractions from seed ${seed} on ${platforms.join(" and ")}: ${outcome} (${elapsed().toFixed(1)} s)`,
  );
  return failed;
}
