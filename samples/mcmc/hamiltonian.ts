/** Hamiltonian dynamics with a diagonal mass matrix. Positions and momenta are vectors f[d]. */
import { type NdArray, numpy as np, valueAndGrad } from "weft";

/** The potential energy of a position: minus its log density, a scalar. */
export type Potential = (position: NdArray) => NdArray;

/** A point of phase space with what is known of it. */
export interface Phase {
  readonly position: NdArray;
  readonly momentum: NdArray;
  readonly potential: NdArray;
  /** Of the potential. */
  readonly gradient: NdArray;
}

/** ½ rᵀ M⁻¹ r */
export function kineticEnergy(inverseMass: NdArray, momentum: NdArray): NdArray {
  return np.dot(inverseMass.mul(momentum), momentum).mul(0.5);
}

/** One step of the leapfrog integrator (velocity Verlet); a negative step goes back in time. */
export function leapfrog(potential: Potential, stepSize: NdArray, inverseMass: NdArray, from: Phase): Phase {
  const halfStep = stepSize.mul(0.5);
  const halfway = from.momentum.sub(halfStep.mul(from.gradient));
  const position = from.position.add(stepSize.mul(inverseMass.mul(halfway)));
  const [energy, gradient] = valueAndGrad(potential)(position);
  return { position, momentum: halfway.sub(halfStep.mul(gradient)), potential: energy, gradient };
}
