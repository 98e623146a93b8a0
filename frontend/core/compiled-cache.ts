/** A bounded cache of compiled graphs: found by structural hash, confirmed by structural equality. */
import type { Graph } from "../../compiler/graph/graph.ts";
import { equalGraphs, hashGraph } from "../../compiler/hash/index.ts";
import type { ArrayStorage } from "../../runtime/array-storage.ts";
import type { Storage } from "../../runtime/storage.ts";
import type { CompilePurpose } from "../inspect/watch.ts";
import type { Backend, Executable } from "./backend.ts";

interface Entry<S extends ArrayStorage> {
  readonly graph: Graph;
  readonly backend: Backend<S>;
  readonly executable: Executable<S>;
}

export class CompiledCache<S extends ArrayStorage = Storage> {
  /** Least recently used first: a Map keeps the order of insertion. */
  readonly #buckets = new Map<string, Entry<S>[]>();
  #size = 0;

  constructor(
    readonly limit: number,
    readonly hash: (graph: Graph) => number = hashGraph,
  ) {}

  get size(): number {
    return this.#size;
  }

  /** The executable of a graph, compiled by `backend` if no equal graph is there. */
  get(graph: Graph, backend: Backend<S>, purpose: CompilePurpose = "function"): Executable<S> {
    const key = String(this.hash(graph));
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) {
      for (const entry of bucket) {
        if (entry.backend === backend && equalGraphs(entry.graph, graph)) {
          this.#buckets.delete(key);
          this.#buckets.set(key, bucket);
          return entry.executable;
        }
      }
    }
    const executable = backend.compile(graph, null, purpose);
    const entry = { graph, backend, executable };
    if (bucket !== undefined) bucket.push(entry);
    else this.#buckets.set(key, [entry]);
    this.#size++;
    this.#trim();
    return executable;
  }

  clear(): void {
    this.#buckets.clear();
    this.#size = 0;
  }

  #trim(): void {
    while (this.#size > this.limit) {
      const oldest = this.#buckets.entries().next();
      if (oldest.done) return;
      this.#buckets.delete(oldest.value[0]);
      this.#size -= oldest.value[1].length;
    }
  }
}
