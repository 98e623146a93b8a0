/** Programs of successive seeds, one after the other. */
import type { FuzzOptions } from "./nests/main.ts";

interface Seeds {
  /** What is checked, in the plural. */
  readonly what: string;
  /** Says how far it is after so many. */
  readonly every: number;
  /** Behind the first seed in the last line, and what holds if none fails. */
  readonly where?: string;
  readonly agree: string;
  /** What is wrong with a seed's program, or null. */
  check(seed: number): Promise<string | null>;
  /** The options that run it again. */
  readonly again: string;
}

/** Checks until `count` or `seconds` are over; returns how many fail. */
export async function checkSeeds(
  { seed, count, seconds, log }: FuzzOptions,
  { what, every, where = "", agree, check, again }: Seeds,
): Promise<number> {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  let failed = 0;
  let done = 0;
  for (; done < count && elapsed() < seconds; done++) {
    const current = seed + done;
    const problem = await check(current);
    if (problem !== null) {
      failed++;
      log(`FAILED, seed ${current}: ${problem}\nagain: npm run fuzz -- ${again} --seed ${current}`);
    }
    if ((done + 1) % every === 0) log(`${done + 1} ${what}, ${failed} failures, ${elapsed().toFixed(0)} s`);
  }
  const outcome = failed === 0 ? agree : `${failed} FAIL`;
  log(`${done} ${what} from seed ${seed}${where}: ${outcome} (${elapsed().toFixed(1)} s)`);
  return failed;
}
