/** A place of pages for a table of measured tiles between runs: IndexedDB. */
import type { TileStore } from "../core/tile-table.ts";

const STORE = "tiles";
const KEY = "table";

/** A database of the page's origin. */
export function indexedDbTileStore(name = "weft"): TileStore {
  return {
    async load() {
      const found: unknown = await withStore(name, "readonly", (store) => store.get(KEY));
      return typeof found === "string" ? found : null;
    },
    async save(text) {
      await withStore(name, "readwrite", (store) => store.put(text, KEY));
    },
  };
}

async function withStore<T>(
  name: string,
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await answerOf(opening);
  try {
    return await answerOf(use(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
