/** `az.summary`: a table of the posterior and of how well it was sampled. */
import { mean, round, std } from "../numpy/reduce.ts";
import { type Frame, frameText } from "../pandas/frame.ts";
import { type Chains, essBulk, essTail, flat, hdi, mcseMean, mcseSd, rhat } from "./diagnostics.ts";

/** What ArviZ rounds to three decimals, and what to others. */
const DECIMALS: Readonly<Record<string, number>> = { ess_bulk: 0, ess_tail: 0, r_hat: 2 };

export interface SummaryOptions {
  /** The share of the draws within the interval. */
  readonly hdiProb?: number;
}

/** One row per variable, in ArviZ's columns, not rounded. */
export function summaryFrame(
  posterior: Readonly<Record<string, Chains>>,
  { hdiProb = 0.94 }: SummaryOptions = {},
): Frame {
  const percent = (x: number): string => `hdi_${Number((100 * x).toPrecision(6))}%`;
  const columns = [
    "mean",
    "sd",
    percent((1 - hdiProb) / 2),
    percent((1 + hdiProb) / 2),
    "mcse_mean",
    "mcse_sd",
    "ess_bulk",
    "ess_tail",
    "r_hat",
  ];
  const rows = Object.values(posterior).map((chains) => {
    const draws = flat(chains);
    return [
      mean(draws),
      std(draws, 1),
      ...hdi(chains, hdiProb),
      mcseMean(chains),
      mcseSd(chains),
      essBulk(chains),
      essTail(chains),
      rhat(chains),
    ];
  });
  return { index: Object.keys(posterior), columns, rows };
}

/** The frame rounded as `az.summary` rounds it. */
export function roundedSummary(frame: Frame): Frame {
  const decimals = frame.columns.map((column) => DECIMALS[column] ?? 3);
  return { ...frame, rows: frame.rows.map((row) => row.map((x, i) => round(x, decimals[i]!))) };
}

/** `print(az.summary(posterior))` */
export function summary(posterior: Readonly<Record<string, Chains>>, options: SummaryOptions = {}): string {
  return frameText(roundedSummary(summaryFrame(posterior, options)));
}
