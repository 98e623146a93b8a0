/** Puts the backend of debugNans and debugInfs in place while one of them is set. */
import { type Backend, currentBackend, setBackend } from "../core/backend.ts";
import { config } from "./config.ts";
import { debugBackend } from "./debug-backend.ts";

/** Declared cache: what each backend that checks stands before. */
const checked = new WeakMap<Backend, Backend>();

config.subscribe(({ debugNans, debugInfs }) => {
  const backend = currentBackend();
  const inner = checked.get(backend);
  if (debugNans || debugInfs) {
    if (inner !== undefined) return;
    const checking = debugBackend(backend, () => config.values());
    checked.set(checking, backend);
    setBackend(checking);
  } else if (inner !== undefined) setBackend(inner);
});
