/** Starting processes: on one core, with the Node or the Python that is wanted. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { packageFolder } from "./packages.ts";

/** A command on the last core, where the system can do that (Linux's taskset). */
export function pinned(command: string, args: readonly string[]): [command: string, args: string[]] {
  return canPin() ? ["taskset", ["-c", String(cpus().length - 1), command, ...args]] : [command, [...args]];
}

let pinning: boolean | null = null;

export function canPin(): boolean {
  pinning ??=
    process.platform === "linux" &&
    spawnSync("taskset", ["-c", String(cpus().length - 1), "true"]).status === 0;
  return pinning;
}

/** The binary of a major version of Node: this process's own, or the one that the packages of tests/bench bring. */
export function nodeBinary(major: number): string | null {
  if (Number(process.versions.node.split(".")[0]) === major) return process.execPath;
  const folder = packageFolder(
    `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`,
  );
  const binary = path.join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(binary)) return null;
  const version = spawnSync(binary, ["--version"], { encoding: "utf8" }).stdout ?? "";
  return version.startsWith(`v${major}.`) ? binary : null;
}

/** A Python that can import JAX. */
export function pythonWithJax(): string | null {
  const named = process.env.WEFT_BENCH_PYTHON;
  const candidates = named === undefined ? ["python3", "python"] : [named];
  return candidates.find((python) => spawnSync(python, ["-c", "import jax"]).status === 0) ?? null;
}

/** Source maps are left out: they cost time wherever an error makes a stack. */
const NODE_FLAGS = ["--expose-gc", "--max-old-space-size=8192"];

/** A process that measures and tells by messages. */
export function startMeasuring(node: string, script: string, order: object): ChildProcess {
  const [command, args] = pinned(node, [...NODE_FLAGS, script, JSON.stringify(order)]);
  // All contenders have one thread.
  const env = { ...process.env, WEFT_THREADS: "1" };
  return spawn(command, args, { stdio: ["ignore", "ignore", "inherit", "ipc"], serialization: "json", env });
}

/** The last line of a process's output, as JSON. Throws with its message where it fails or takes too long. */
export function runForJson(command: string, args: readonly string[], timeout: number): unknown {
  const [program, rest] = pinned(command, args);
  const { status, signal, stdout, stderr } = spawnSync(program, rest, { encoding: "utf8", timeout });
  if (signal !== null) throw new Error(`not done after ${timeout / 1000} s`);
  if (status !== 0) {
    const lines = stderr.trim().split("\n");
    const message = lines.find((line) => /Error/.test(line)) ?? lines[lines.length - 1];
    throw new Error(message.trim().slice(0, 200));
  }
  return JSON.parse(stdout.trim().split("\n").pop() ?? "");
}

/** The same of a script under Node. */
export function runNodeForJson(node: string, args: readonly string[], timeout: number): unknown {
  return runForJson(node, [...NODE_FLAGS, ...args], timeout);
}
