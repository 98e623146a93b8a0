/** Names of a function's parameters, read off its text: hints for printed graphs and for messages, never needed. */
import type { AnyFunction } from "./types.ts";

/** Text of a function that is looked at: parameter lists are short, bodies are not. */
const LOOKED_AT = 2000;

const OPENING = "([{";
const CLOSING = ")]}";

/** The name of each parameter; null for a pattern (`{ w, b }`). Empty where the text shows none. */
export function parameterNames(f: AnyFunction): (string | null)[] {
  const text = Function.prototype.toString.call(f).slice(0, LOOKED_AT);
  const single = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(text);
  if (single !== null) return [single[1]];
  const head = /^(?:async\s+)?(?:function\s*\*?\s*)?[\w$]*\s*\(/.exec(text);
  if (head === null) return [];
  const parts = splitParameters(text, head[0].length);
  return parts === null
    ? []
    : parts.map((part) => /^\s*([A-Za-z_$][\w$]*)\s*(?:=.*)?$/s.exec(part)?.[1] ?? null);
}

/** The parameters between the parenthesis before `start` and its partner; null where it is not found. */
function splitParameters(text: string, start: number): string[] | null {
  const parts: string[] = [];
  let from = start;
  let depth = 0;
  let quote: string | null = null;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (quote !== null) {
      if (c === "\\") i++;
      else if (c === quote) quote = null;
      continue;
    }
    if (c === '"' || c === "'" || c === "`") quote = c;
    else if (OPENING.includes(c)) depth++;
    else if (CLOSING.includes(c)) {
      if (depth === 0) {
        const last = text.slice(from, i);
        if (last.trim() !== "") parts.push(last);
        return parts;
      }
      depth--;
    } else if (c === "," && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return null;
}
