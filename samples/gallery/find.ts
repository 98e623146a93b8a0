/** Finds the samples: the folders with a `sample.json`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { About } from "../run/sample.ts";

export interface Found {
  /** The folder's name. */
  readonly name: string;
  readonly about: About;
}

/** All samples in `folder`, by their numbers. */
export function findSamples(folder: string): Found[] {
  const names = readdirSync(folder).filter((name) => existsSync(path.join(folder, name, "sample.json")));
  return names
    .map((name) => ({
      name,
      about: JSON.parse(readFileSync(path.join(folder, name, "sample.json"), "utf8")) as About,
    }))
    .sort((a, b) => a.about.number - b.about.number);
}
