/** The packages of the other systems. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of a package of tests/bench. */
export function packageFolder(name: string): string {
  return fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url));
}

export function readPackageVersion(name: string): string {
  const description: { version: string } = JSON.parse(
    readFileSync(`${packageFolder(name)}/package.json`, "utf8"),
  );
  return description.version;
}
