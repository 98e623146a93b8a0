/**
 * docs/jax-compatibility.md: every public name of JAX (tests/golden/jax-names.json), and whether Weft has it. What Weft
 * exports counts as supported; tests/golden/compatibility-notes.json says what is different, and why names are absent.
 */
import * as weft from "../../frontend/index.ts";
import notes from "../golden/compatibility-notes.json" with { type: "json" };
import names from "../golden/jax-names.json" with { type: "json" };

/** Names of one module of JAX with the same answer. */
interface Note {
  readonly module: string;
  readonly names: readonly string[];
  /** Exported, and not the same: how it differs. */
  readonly different?: string;
  /** What stands for it under another name: the path in Weft. */
  readonly as?: string;
  /** Not exported: why. */
  readonly absent?: string;
}

interface Row {
  readonly name: string;
  readonly status: "supported" | "different" | "absent";
  readonly text: string;
}

const NOTES: readonly Note[] = notes;

/** Where the names of a module of JAX are in Weft. */
function weftPath(module: string): string[] {
  const path = module.split(".").slice(1);
  if (path[0] === "tree_util") return ["tree"];
  return path.map((part) => camel(part));
}

const camel = (name: string): string =>
  name.replace(/(?<=[A-Za-z0-9])_+([A-Za-z0-9])/g, (_, c: string) => c.toUpperCase());
const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();

function lookUp(path: readonly string[]): unknown {
  let found: unknown = weft;
  for (const part of path)
    found = typeof found === "object" && found !== null ? Reflect.get(found, part) : undefined;
  return found;
}

/** Weft's name for JAX's among the exports of a module: without regard to case and underscores. */
function exported(path: readonly string[], name: string): string | null {
  const namespace = lookUp(path);
  if (typeof namespace !== "object" || namespace === null) return null;
  const wanted = [plain(name)];
  if (path[0] === "tree" && name.startsWith("tree_")) wanted.push(plain(name.slice("tree_".length)));
  return (
    Object.keys(namespace).find(
      (key) => wanted.includes(plain(key)) && Reflect.get(namespace, key) !== undefined,
    ) ?? null
  );
}

const code = (path: readonly string[]): string => `\`${path.join(".").replace(/^numpy/, "np")}\``;

function rowOf(module: string, name: string, problems: string[]): Row {
  const path = weftPath(module);
  const found = exported(path, name);
  const given = NOTES.filter((note) => note.module === module && note.names.includes(name));
  const at = `${module}.${name}`;
  if (given.length > 1) problems.push(`${at}: several notes`);
  const note = given[0];
  if (note?.as !== undefined) {
    const place = note.as.split(".").map((part, i) => (i === 0 && part === "np" ? "numpy" : part));
    if (found !== null) problems.push(`${at}: exported as it is, so the note "as ${note.as}" is stale`);
    if (lookUp(place) === undefined) problems.push(`${at}: Weft has no ${note.as}`);
    const how = note.different === undefined ? "" : `: ${note.different}`;
    return {
      name,
      status: note.different === undefined ? "supported" : "different",
      text: `\`${note.as}\`${how}`,
    };
  }
  if (note?.absent !== undefined) {
    if (found !== null) problems.push(`${at}: a note says it is absent, but Weft exports ${found}`);
    return { name, status: "absent", text: note.absent };
  }
  if (found !== null) {
    const text = code([...path, found]);
    return note?.different === undefined
      ? { name, status: "supported", text }
      : { name, status: "different", text: `${text}: ${note.different}` };
  }
  if (note?.different !== undefined) return { name, status: "different", text: note.different };
  problems.push(`${at}: neither exported nor explained`);
  return { name, status: "absent", text: "" };
}

/** The document, and what is missing or stale in its sources. */
export function compatibilityDocument(): { text: string; problems: string[] } {
  const problems: string[] = [];
  const modules = Object.entries(names.modules).map(([module, list]) => ({
    module,
    rows: list.map((name) => rowOf(module, name, problems)),
  }));
  const known = new Map<string, readonly string[]>(Object.entries(names.modules));
  for (const { module, names: listed } of NOTES) {
    for (const name of listed) {
      if (!known.get(module)?.includes(name))
        problems.push(`${module}.${name}: a note for what JAX does not have`);
    }
  }
  const count = (rows: readonly Row[], status: Row["status"]): number =>
    rows.filter((r) => r.status === status).length;
  const all = modules.flatMap(({ rows }) => rows);
  const table = (rows: readonly (readonly string[])[]): string[] =>
    rows.map((cells) => `| ${cells.join(" | ")} |`);
  const lines = [
    "# JAX's names in Weft",
    "",
    `Every public name of JAX ${names.version}: what Weft has under the same name in camelCase, what is different, and`,
    "what is absent and why. Made from the exports themselves by `tests/compatibility.test.ts`; `BLESS=1 npm test --",
    "compatibility` rewrites it. Notes come from `tests/golden/compatibility-notes.json`.",
    "",
    "Everywhere: positional arguments stay positional, keywords go in one trailing options object in camelCase; dtypes",
    "are strings; there is no complex dtype, complex values are pairs `{ real, imag }`; numbers are JAX's on the CPU.",
    "",
    ...table([
      ["Module", "Names", "Supported", "Different", "Absent"],
      ["---", "---:", "---:", "---:", "---:"],
      ...modules.map(({ module, rows }) => [
        `\`${module}\``,
        String(rows.length),
        ...(["supported", "different", "absent"] as const).map((status) => String(count(rows, status))),
      ]),
      [
        "**all**",
        String(all.length),
        ...(["supported", "different", "absent"] as const).map((status) => String(count(all, status))),
      ],
    ]),
  ];
  for (const { module, rows } of modules) {
    lines.push("", `## ${module}`, "");
    lines.push(
      ...table([
        ["JAX", "", "Weft"],
        ["---", "---", "---"],
        ...rows.map(({ name, status, text }) => [`\`${name}\``, status, text.replaceAll("|", "\\|")]),
      ]),
    );
  }
  return { text: `${lines.join("\n")}\n`, problems };
}
