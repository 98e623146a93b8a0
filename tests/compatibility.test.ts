/** docs/jax-compatibility.md says of every public name of JAX what Weft has for it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { compatibilityDocument } from "./helpers/compatibility.ts";
import { root } from "./helpers/paths.ts";

const FILE = path.join(root, "docs", "jax-compatibility.md");
const { text, problems } = compatibilityDocument();

test("every name of JAX is exported or explained, and no explanation is stale", () => {
  assert.ok(problems.length === 0, `${problems.length} problems:\n${problems.join("\n")}`);
});

test("docs/jax-compatibility.md is up to date (BLESS=1 rewrites it)", () => {
  if (process.env.BLESS) writeFileSync(FILE, text);
  assert.equal(readFileSync(FILE, "utf8"), text);
});
