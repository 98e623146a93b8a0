/** The Swedish auto-insurance data: 63 geographical zones, claims and total payment in thousands of kronor. */
import { type NdArray, numpy as np } from "weft";

export interface Dataset {
  /** Number of claims: f32[63, 1]. */
  readonly features: NdArray;
  /** Total payment for all claims in thousands of Swedish kronor: f32[63, 1]. */
  readonly labels: NdArray;
}

/** Reads the two columns of the CSV file `auto-insurance.csv`. Throws where a line does not hold two numbers. */
export function buildAutoInsuranceDataset(csv: Uint8Array): Dataset {
  const rows = new TextDecoder().decode(csv).trim().split(/\r?\n/).slice(1);
  const numbers = rows.map((row, i) => {
    const [claims, payment, ...more] = row.split(",").map(Number);
    if (more.length > 0 || !Number.isFinite(claims) || !Number.isFinite(payment)) {
      throw new Error(`auto-insurance.csv:${i + 2}: expected two numbers, found "${row}"`);
    }
    return [claims, payment] as const;
  });
  return {
    features: np.array(numbers.map(([claims]) => [claims])),
    labels: np.array(numbers.map(([, payment]) => [payment])),
  };
}
