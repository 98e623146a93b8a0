/** What `weft compile` takes the parameters of a trained model from. Reads files, so only for Node. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { CHECKPOINT, type Checkpoint, readCheckpoint } from "./checkpoint.ts";

/**
 * The model that a run of the sample has left in `out/NAME` below the working directory, or the one in the file that the
 * environment variable CHECKPOINT names.
 */
export async function trainedModel<Config>(name: string): Promise<Checkpoint<Config>> {
  const file = process.env.CHECKPOINT ?? path.join("out", name, CHECKPOINT);
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new Error(`there is no ${file}: train the model first, by npm run -s weft -- run samples/${name}`);
  });
  return readCheckpoint<Config>(bytes);
}
