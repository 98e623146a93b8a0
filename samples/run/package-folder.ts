/** Data that come in packages: development dependencies, which a first `npm start` does not install. */
import { createRequire } from "node:module";
import path from "node:path";

/** The folder of a package in `node_modules`. Throws where it is not installed, and says what installs it. */
export function packageFolder(name: string): string {
  try {
    return path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    throw new Error(
      `this sample reads the package ${name}, a development dependency that is not installed: npm ci installs it, ` +
        "and so does npm run samples",
    );
  }
}
