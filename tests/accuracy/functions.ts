/** What is measured: every elementwise function of floats, with its declared bound and XLA's budget. */
import { readFileSync } from "node:fs";
import { BINARY_NAMES, type BinaryName, UNARY_NAMES, type UnaryName } from "../../compiler/graph/names.ts";
import { lookupMath, type MathDType } from "../../compiler/math/index.ts";

export interface FunctionCase {
  readonly name: UnaryName | BinaryName;
  readonly dtype: MathDType;
  readonly arity: 1 | 2;
  /** The greatest error allowed, in ULP of the exact result; 0.5 where it must be correctly rounded. */
  readonly bound: number;
}

/**
 * Rounding and the choice of an operand, and what IEEE 754 rounds correctly. Not listed: what takes or gives no floats,
 * and nextafter, which is a matter of bits.
 */
const EXACT: ReadonlySet<string> = new Set(
  "neg sign floor ceil trunc abs sqrt add sub mul div rem max min".split(" "),
);

/** XLA's own bounds for its CPU backend in float32, where the goals of this project name them. */
export const XLA_BUDGET: Readonly<Record<string, number>> = {
  exp: 6,
  log: 1,
  log1p: 1,
  tanh: 3,
  erf: 2,
  rsqrt: 1,
  sqrt: 0,
};

/** Bounds that the project set itself for float32. */
export const GOAL: Readonly<Record<string, number>> = {
  ...Object.fromEntries("exp log log1p expm1 tanh logistic sin cos erf".split(" ").map((name) => [name, 2])),
  pow: 4,
};

function boundOf(name: string, dtype: MathDType): number | null {
  return EXACT.has(name) ? 0.5 : (lookupMath(name, dtype)?.ulp ?? null);
}

function casesOf(names: readonly (UnaryName | BinaryName)[], arity: 1 | 2): FunctionCase[] {
  return names.flatMap((name) =>
    (["float32", "float64"] as const).flatMap((dtype) => {
      const bound = boundOf(name, dtype);
      return bound === null ? [] : [{ name, dtype, arity, bound }];
    }),
  );
}

export const FUNCTIONS: readonly FunctionCase[] = [...casesOf(UNARY_NAMES, 1), ...casesOf(BINARY_NAMES, 2)];

export function isExact(name: string): boolean {
  return EXACT.has(name);
}

interface Domain {
  /** Intervals that get uniformly distributed points; further ones that fit one dtype. */
  readonly dense: readonly (readonly [number, number])[];
  readonly dense32?: readonly (readonly [number, number])[];
  readonly dense64?: readonly (readonly [number, number])[];
  /** Zeros, poles, ends of ranges and thresholds of the algorithms: their neighbours are tried. */
  readonly near: readonly number[];
}

/** Shared with golden.py. */
const DOMAINS: Readonly<Record<string, Domain>> = JSON.parse(
  readFileSync(new URL("domains.json", import.meta.url), "utf8"),
);

export function domainOf(name: string, dtype: MathDType): Domain {
  const domain = DOMAINS[name] ?? { dense: [[-4, 4]], near: [0, 0.5, 1, 1.5, 2] };
  const own = dtype === "float32" ? domain.dense32 : domain.dense64;
  return { dense: [...domain.dense, ...(own ?? [])], near: domain.near };
}
