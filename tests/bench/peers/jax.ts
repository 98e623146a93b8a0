/** JAX on the CPU, in a Python process on the same core that is spoken to by lines of JSON. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type CompileFigures, type Contender, NotPossible, type Task } from "../runner/contender.ts";
import type { Tensor } from "../workloads/tensor.ts";

const SCRIPT = fileURLToPath(new URL("jax_peer.py", import.meta.url));

interface StoredTensor {
  readonly file: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
}

interface Reply {
  readonly error?: string;
  readonly version?: string;
  readonly compile?: CompileFigures;
  readonly ms?: number;
  readonly outputs?: readonly StoredTensor[];
}

let connection: Connection | null = null;

export const jax: Contender = {
  name: "jax",
  loops: "compiled",
  async start() {
    const python = process.env.WEFT_BENCH_PYTHON;
    if (python === undefined) throw new Error("WEFT_BENCH_PYTHON names no Python that has JAX");
    connection = new Connection(python);
    const { version } = await connection.ask({ command: "start" });
    return `JAX ${version}, CPU, one thread`;
  },
  async prepare(workload, inputs, units): Promise<Task> {
    if (connection === null) throw new Error("JAX was not started");
    const own = connection;
    const stored = inputs.map((x, i) => own.store(x, `in${i}`));
    const { compile } = await own.ask({
      command: "prepare",
      op: workload.op,
      params: workload.params,
      inputs: stored,
      units,
    });
    return {
      compile,
      sample: async (repeats) => (await own.ask({ command: "sample", repeats })).ms ?? Number.NaN,
      results: async () =>
        ((await own.ask({ command: "results", folder: own.folder })).outputs ?? []).map(load),
      dispose: () => {},
    };
  },
  stop: () => connection?.close(),
};

class Connection {
  /** Where inputs and results go: among what is built, so that what a killed process leaves is swept with it. */
  readonly folder = fileURLToPath(new URL(`../.build/exchange-${process.pid}`, import.meta.url));
  readonly #process: ChildProcess;
  readonly #replies: ((reply: Reply) => void)[] = [];

  constructor(python: string) {
    mkdirSync(this.folder, { recursive: true });
    this.#process = spawn(python, [SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#process.stdout === null) throw new Error("the Python process has no output");
    createInterface(this.#process.stdout).on("line", (line) => this.#replies.shift()?.(JSON.parse(line)));
    this.#process.on("exit", (code) => {
      for (const reply of this.#replies) reply({ error: `Python ended with code ${code}` });
    });
    process.on("exit", () => this.close());
  }

  async ask(question: object): Promise<Reply> {
    const reply = await new Promise<Reply>((resolve) => {
      this.#replies.push(resolve);
      this.#process.stdin?.write(`${JSON.stringify(question)}\n`);
    });
    if (reply.error?.startsWith("not possible: ")) throw new NotPossible(reply.error.slice(14));
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply;
  }

  store({ data, shape }: Tensor, name: string): StoredTensor {
    const file = path.join(this.folder, name);
    writeFileSync(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { file, shape, dtype: data instanceof Int32Array ? "int32" : "float32" };
  }

  close(): void {
    this.#process.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function load({ file, shape, dtype }: StoredTensor): Tensor {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  const copy = buffer.slice(byteOffset, byteOffset + byteLength);
  return { shape, data: dtype === "int32" ? new Int32Array(copy) : new Float32Array(copy) };
}
