/** A place in Node for a table of measured tiles between runs. */
import type { TileStore } from "../core/tile-table.ts";

/** A file. It appears whole or not at all. */
export function fileTileStore(path: string): TileStore {
  const files = (): Promise<typeof import("node:fs/promises")> => import("node:fs/promises");
  return {
    load: async () => (await files()).readFile(path, "utf8").catch(() => null),
    async save(text) {
      const { rename, writeFile } = await files();
      const temporary = `${path}.${process.pid}.tmp`;
      await writeFile(temporary, text);
      await rename(temporary, path);
    },
  };
}
