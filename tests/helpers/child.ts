/**
 * A test file that runs part of itself in a process of its own: with its own memory, environment and flags. The file
 * begins with `const role = childRole()`, and where it is not null does that part and prints its result as JSON.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";

const ROLE = "WEFT_TEST_CHILD";

/** What this process is to do, or null: it is the test itself. */
export function childRole(): string | null {
  return process.env[ROLE] ?? null;
}

export interface ChildOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the file that this process runs, in the given role. */
export function spawnChild(
  role: string,
  { flags = [], env = {} }: ChildOptions = {},
): SpawnSyncReturns<string> {
  const inherited = { ...process.env };
  // Else the child reports to the test runner as if it were a test.
  delete inherited.NODE_TEST_CONTEXT;
  return spawnSync(process.execPath, ["--enable-source-maps", ...flags, process.argv[1]], {
    env: { ...inherited, ...env, [ROLE]: role },
    encoding: "utf8",
  });
}

/** The child's result, which it prints as JSON in its last line. Throws where it failed. */
export function childResult<T>(role: string, options: ChildOptions = {}): T {
  const { status, stdout, stderr } = spawnChild(role, options);
  if (status !== 0) throw new Error(`the child process ${role} ended with ${status}:\n${stderr}${stdout}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** Prints a child's result. */
export function report(result: unknown): void {
  console.log(JSON.stringify(result));
}
