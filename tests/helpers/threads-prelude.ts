/** `npm test -- --threads=N`: every compiled function of a test file by one thread and by N, to the bit. */
import { setBackend } from "../../frontend/core/backend.ts";
import { startThreads, threadedBackend } from "./threaded-backend.ts";

const threads = Number(process.env.WEFT_TEST_THREADS);
if (!Number.isInteger(threads) || threads < 2) throw new Error("--threads takes a number of at least 2");
// Of the test's process, and not of the runner that starts them.
if (process.env.NODE_TEST_CONTEXT !== undefined) {
  await startThreads(threads);
  setBackend(threadedBackend({ programs: 0, shared: 0, runs: 0 }));
}
