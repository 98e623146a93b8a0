/** A web page that runs a compiled function: a form for its arguments, its results as text. */
import { leavesOf, type Manifest } from "../../compiler/program/artifact.ts";
import { targetOf } from "./module-text.ts";

/** Elements beyond this are not written into a form: the field says `random` or `zeros`. */
const SHOWN_ELEMENTS = 64;

/** Values of the arguments' leaves that the form begins with; null where there are none. */
export type Examples = readonly (readonly number[] | null)[];

/** The page. `script` is the bundled module with PAGE_SCRIPT; nothing else is loaded. */
export function pageText(manifest: Manifest, script: string, examples: Examples): string {
  const leaves = manifest.parameters.flatMap(({ name, tree }) =>
    leavesOf(tree).map(({ path, type }) => ({ label: `${name}${path}`, type })),
  );
  const fields = leaves.map(({ label, type }, i) => {
    const known = examples[i];
    const filled = type.startsWith("f") ? "random" : "zeros";
    const value = known && known.length <= SHOWN_ELEMENTS ? known.join(", ") : filled;
    return `<label>${escaped(label)} <code>${escaped(type)}</code><textarea rows="2" spellcheck="false">${escaped(value)}</textarea></label>`;
  });
  const device = targetOf(manifest) === "both" ? DEVICES : "";
  return PAGE.replace("DEVICE", () => device)
    .replaceAll("NAME", () => escaped(manifest.name))
    .replace("FIELDS", () => fields.join("\n"))
    .replace("EMBEDDED", () => embeddable(script));
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** A script's text that cannot end its element. */
function embeddable(script: string): string {
  return script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}

const DEVICES = `<label>Device <select id="device"><option value="wasm">WebAssembly</option><option value="webgpu">WebGPU</option></select></label>
`;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>NAME</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
  h1 { font-size: 1.4rem; }
  label { display: block; margin: 0.8rem 0; }
  textarea { display: block; box-sizing: border-box; width: 100%; font: 14px ui-monospace, monospace; }
  code { color: #666; }
  button { font: inherit; padding: 0.3rem 1.2rem; }
  pre { background: #f4f4f2; padding: 0.8rem; overflow: auto; white-space: pre-wrap; }
  .error { color: #a40000; }
</style>
<h1>NAME</h1>
<p>Give numbers in row-major order, or <kbd>zeros</kbd>, <kbd>ones</kbd>, <kbd>random</kbd>.</p>
<form>
FIELDS
DEVICE<button>Run</button> <span id="time"></span>
</form>
<div id="results"></div>
<script type="module">
EMBEDDED
</script>
</html>
`;

/** Runs in the page, behind the module's own text. */
export const PAGE_SCRIPT = `const form = document.querySelector("form");
const results = document.querySelector("#results");
const element = (name, text, className = "") =>
  Object.assign(document.createElement(name), { textContent: text, className });

const device = document.querySelector("#device");
const loaded = new Map();
/** The function on the chosen device, loaded when it is first run there. */
function compiled() {
  const chosen = device?.value;
  if (!loaded.has(chosen)) loaded.set(chosen, load(chosen && { device: chosen }));
  return loaded.get(chosen);
}

function values(text, type) {
  const shape = /\\[(.*)\\]/.exec(type)[1].split(",").filter(Boolean);
  const word = text.trim();
  if (["zeros", "ones", "random"].includes(word)) {
    const sizes = manifest.programs[0].sizes;
    const count = shape.reduce((n, x) => n * (sizes[x] ?? Number(x)), 1);
    const value = { zeros: () => 0, ones: () => 1, random: () => Math.random() * 2 - 1 }[word];
    return Array.from({ length: count }, value);
  }
  return word.split(/[\\s,]+/).filter(Boolean).map((x) => (x === "true" ? 1 : x === "false" ? 0 : Number(x)));
}

const arrays = {
  f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, i16: Int16Array, u16: Uint16Array,
  i8: Int8Array, u8: Uint8Array, bool: Uint8Array, f16: Uint16Array,
};

function fill(tree, fields) {
  if (tree === null) return null;
  if (typeof tree === "string") return arrays[tree.slice(0, tree.indexOf("["))].from(values(fields.next().value, tree));
  if (Array.isArray(tree)) return tree.map((child) => fill(child, fields));
  return Object.fromEntries(Object.keys(tree).sort().map((key) => [key, fill(tree[key], fields)]));
}

function show(value, path) {
  if (value === null) return;
  if (ArrayBuffer.isView(value.data)) {
    const shown = Array.from(value.data.subarray(0, 200), (x) =>
      String(value.data instanceof Float32Array ? Number(x.toPrecision(8)) : x)).join(", ");
    const more = value.data.length > 200 ? ", … " + value.data.length + " in all" : "";
    results.append(element("p", (path || "result") + " [" + value.shape.join(", ") + "]"), element("pre", shown + more));
    return;
  }
  for (const [key, child] of Object.entries(value)) show(child, Array.isArray(value) ? path + "[" + key + "]" : path ? path + "." + key : key);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  results.replaceChildren();
  try {
    const texts = Array.from(form.querySelectorAll("textarea"), (x) => x.value).values();
    const run = await compiled();
    const args = manifest.parameters.map(({ tree }) => fill(tree, texts));
    const start = performance.now();
    const result = await run(...args);
    document.querySelector("#time").textContent = (performance.now() - start).toFixed(3) + " ms";
    show(result, "");
  } catch (error) {
    results.append(element("pre", error.message, "error"));
  }
  results.dataset.done = "true";
});
// What is wrong with it here, or that there is no WebGPU, shows before anything is typed.
await compiled().catch((error) => results.append(element("pre", error.message, "error")));
document.body.dataset.ready = "true";
`;
