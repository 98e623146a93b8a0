/**
 * Runs every compiled function twice, by one thread and by several, and compares the results bit for bit. Programs are cut
 * into the smallest grains and parts, so that small arrays show what large ones do.
 */
import assert from "node:assert/strict";
import { assemble } from "../../compiler/assembly/assemble.ts";
import { fuse } from "../../compiler/fusion/fuse.ts";
import { WASM_FUSION } from "../../compiler/lowering/fusion-target.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { compileWasm } from "../../compiler/targets/wasm/compile.ts";
import type { Backend } from "../../frontend/core/backend.ts";
import { cpuDevice } from "../../runtime/device.ts";
import { loadWasm } from "../../runtime/loader.ts";
import type { Storage } from "../../runtime/storage.ts";
import { threadPool, useThreads } from "../../runtime/threads/index.ts";
import { FINE_PARTS } from "./fine-grains.ts";

/** What a backend has done: whether it compared anything at all. */
export interface ThreadCounts {
  programs: number;
  /** Programs of which threads shared something. */
  shared: number;
  runs: number;
}

/** Starts `threads` threads and waits until they are up. */
export async function startThreads(threads: number): Promise<void> {
  useThreads(threads);
  // Starting waits for work: the first shared kernel.
  const pool = threadPool();
  assert.ok(pool !== null, "one thread has nobody to compare with");
  pool.start();
  for (let n = 0; pool.workers.ready < threads - 1; n++) {
    assert.ok(n < 1000, "the workers do not start");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** `startThreads` comes before. Throws at the first difference. */
export function threadedBackend(counts: ThreadCounts): Backend {
  return {
    compile(graph, donated) {
      const given = donated ?? [];
      const optimised = GRAPH_PASSES.reduce((g, pass) => pass.run(g, { donated: given }), graph);
      const { program } = assemble(fuse(optimised, WASM_FUSION), given, FINE_PARTS);
      const loaded = loadWasm(compileWasm(program));
      counts.programs++;
      if (program.kernels.some(({ body }) => body[0]?.kind === "loop" && body[0].axis.kind === "grid"))
        counts.shared++;
      const run = (inputs: readonly Storage[], gone: readonly boolean[] | null = null): Storage[] => {
        const device = cpuDevice();
        const { sharing } = device;
        assert.ok(sharing !== null, "the threads were stopped");
        device.sharing = null;
        let alone: Storage[];
        try {
          alone = loaded.run(inputs);
        } finally {
          device.sharing = sharing;
        }
        const shared = loaded.run(inputs, gone);
        counts.runs++;
        for (const [i, storage] of shared.entries()) {
          const same = Buffer.compare(storage.bytes(), alone[i].bytes()) === 0;
          assert.ok(same, `${graph.name}: threads change the bits of result ${i}`);
        }
        for (const storage of alone) storage.release();
        return shared;
      };
      return { run, compiled: null };
    },
  };
}
