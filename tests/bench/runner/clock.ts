/** The clock of all samples: of the wall, or of the processor where other work shares the core. */

/** Set by the driver for the processes it starts; peers/jax_peer.py reads it too. */
export const CLOCK_VARIABLE = "WEFT_BENCH_CLOCK";

const ofProcessor = process.env[CLOCK_VARIABLE] === "cpu";

/** Milliseconds since some moment: of the wall, or those that this process's threads were running. */
export function now(): number {
  if (!ofProcessor) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
