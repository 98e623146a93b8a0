/** `npm run fuzz -- contractions`: random products and convolutions of every kind against the oracle. */
import type { Platform } from "weft";
import { printGraph } from "../../../compiler/text/graph-printer.ts";
import type { FuzzOptions } from "../nests/main.ts";
import { checkSeeds } from "../seeds.ts";
import { checkContraction } from "./check.ts";

/** Checks programs of successive seeds; returns how many fail. `save` writes a file and returns its name. */
export function fuzzContractions(
  options: FuzzOptions,
  platforms: readonly Platform[],
  save: (name: string, text: string) => string,
): Promise<number> {
  return checkSeeds(options, {
    what: "contractions",
    every: 200,
    where: ` on ${platforms.join(" and ")}`,
    agree: "all agree with the oracle",
    again: `contractions --devices ${platforms.join(",")}`,
    async check(seed) {
      const failure = await checkContraction(seed, platforms);
      if (failure === null) return null;
      return `${failure.message}\ngraph: ${save(`contraction-${seed}.ir`, printGraph(failure.graph))}`;
    },
  });
}
