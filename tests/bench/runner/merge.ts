/** Results of a run with those of a later run of some workloads in their places. */
import type { RunResults } from "./results.ts";

/** Throws where the two are not of one machine and one clock. */
export function merged(earlier: RunResults, later: RunResults): RunResults {
  for (const key of ["processor", "cores", "cpuTime", "quick"] as const) {
    if (earlier[key] !== later[key])
      throw new Error(
        `--update needs a run of one machine and kind: ${key} was ${earlier[key]}, is ${later[key]}`,
      );
  }
  const nodes = earlier.nodes.map((node) => {
    const newer = later.nodes.find((other) => other.node === node.node);
    if (newer === undefined) return node;
    return {
      ...node,
      workloads: node.workloads.map((old) => newer.workloads.find(({ name }) => name === old.name) ?? old),
      cold: node.cold.map(
        (old) =>
          newer.cold.find(({ name, contender }) => name === old.name && contender === old.contender) ?? old,
      ),
    };
  });
  return { ...earlier, date: later.date, nodes };
}
