/**
 * A trajectory of the No-U-Turn sampler: doubled forwards or backwards in time until it turns back, diverges or reaches
 * its greatest depth. The next state is drawn from it in proportion to the density (multinomial), with a preference for
 * the newer half (M. Betancourt, "A conceptual introduction to Hamiltonian Monte Carlo", 2017, appendix A).
 *
 * Without recursion: of the subtrees that a leaf closes only their first leaves are kept, one per level (D. Phan,
 * N. Pradhan and M. Jankowiak, "Composable effects for flexible and accelerated probabilistic programming in NumPyro",
 * 2019, appendix A).
 */
import { lax, type NdArray, nn, numpy as np, tree as pytree, random } from "weft";
import { kineticEnergy, leapfrog, type Phase, type Potential } from "./hamiltonian.ts";

/** An end of a trajectory. */
interface Leaf {
  readonly position: NdArray;
  readonly momentum: NdArray;
  readonly gradient: NdArray;
}

/** The state drawn from a trajectory. */
interface Proposal {
  readonly position: NdArray;
  readonly potential: NdArray;
  readonly gradient: NdArray;
  readonly energy: NdArray;
}

export interface Tree {
  readonly left: Leaf;
  readonly right: Leaf;
  readonly proposal: Proposal;
  readonly depth: NdArray;
  /** The logarithm of the sum of the densities of its leaves, relative to the start. */
  readonly weight: NdArray;
  readonly momentumSum: NdArray;
  readonly turning: NdArray;
  readonly diverging: NdArray;
  /** Sum of the acceptance probabilities of its leaves, and their number. */
  readonly acceptance: NdArray;
  readonly leaves: NdArray;
}

export interface TreeOptions {
  readonly maxTreeDepth: number;
  /** A gain of energy beyond this is a divergence: the integrator no longer follows the trajectory. */
  readonly maxDeltaEnergy: number;
}

/** What all parts of one trajectory share. */
interface Dynamics extends TreeOptions {
  readonly potential: Potential;
  readonly stepSize: NdArray;
  readonly inverseMass: NdArray;
  readonly startEnergy: NdArray;
}

/** The trajectory from a phase-space point. */
export function buildTree(
  potential: Potential,
  start: Phase,
  inverseMass: NdArray,
  stepSize: NdArray,
  key: NdArray,
  options: TreeOptions,
): Tree {
  const startEnergy = start.potential.add(kineticEnergy(inverseMass, start.momentum));
  const dynamics: Dynamics = { ...options, potential, stepSize, inverseMass, startEnergy };
  const leaf: Leaf = start;
  const scalar = np.zerosLike(startEnergy);
  const half = np.fullLike(startEnergy, 0.5);
  const tree: Tree = {
    left: leafOf(leaf),
    right: leafOf(leaf),
    proposal: { ...proposalOf(start), energy: startEnergy },
    depth: np.array(0, { dtype: "int32" }),
    weight: scalar,
    momentumSum: start.momentum,
    turning: np.array(false),
    diverging: np.array(false),
    acceptance: scalar,
    leaves: np.array(0, { dtype: "int32" }),
  };
  const [result] = lax.whileLoop(
    ([{ depth, turning, diverging }]) =>
      np.logicalAnd(depth.less(options.maxTreeDepth), np.logicalNot(np.logicalOr(turning, diverging))),
    ([current, currentKey]) => {
      const [nextKey, directionKey, doublingKey] = random.split(currentKey, 3);
      const goingRight = random.bernoulli(directionKey!, half);
      return [doubleTree(dynamics, current, goingRight, doublingKey!), nextKey!];
    },
    [tree, key] as const,
  );
  return result as Tree;
}

/** Adds as many leaves as there are, on one side. */
function doubleTree(dynamics: Dynamics, current: Tree, goingRight: NdArray, key: NdArray): Tree {
  const [subtreeKey, transitionKey] = random.split(key);
  const added = buildSubtree(dynamics, current, goingRight, subtreeKey!);
  return combine(dynamics, current, added, goingRight, transitionKey!, "biased");
}

/** A tree of the depth of `beside`, leaf by leaf from its end. */
function buildSubtree(dynamics: Dynamics, beside: Tree, goingRight: NdArray, key: NdArray): Tree {
  const wanted = np.leftShift(np.array(1, { dtype: "int32" }), beside.depth);
  const { momentumSum } = beside;
  const checkpoints = np.zeros([dynamics.maxTreeDepth, momentumSum.size], { dtype: momentumSum.dtype });
  const empty: Tree = { ...beside, leaves: np.array(0, { dtype: "int32" }) };
  const [tree, turning] = lax.whileLoop(
    ([{ leaves, diverging }, isTurning]) =>
      np.logicalAnd(leaves.less(wanted), np.logicalNot(np.logicalOr(isTurning, diverging))),
    ([current, , momenta, sums, currentKey]) => {
      const [nextKey, transitionKey] = random.split(currentKey);
      const leaf = nextLeaf(dynamics, select(goingRight, current.right, current.left), goingRight);
      const isFirst = current.leaves.equal(0);
      const grown = combine(dynamics, current, leaf, goingRight, transitionKey!, "uniform");
      const next: Tree = select(isFirst, leaf, grown);

      // The first leaf of each subtree that is still open is kept: those have even numbers.
      const momentum = leaf.momentumSum;
      const [lowest, highest] = closedSubtrees(current.leaves);
      const isEven = np.bitwiseAnd(current.leaves, 1).equal(0);
      const keep = (rows: NdArray, row: NdArray): NdArray =>
        lax.dynamicUpdateIndexInDim(
          rows,
          np.where(isEven, row, lax.dynamicIndexInDim(rows, highest, { keepdims: false })),
          highest,
        );
      const newMomenta = keep(momenta, momentum);
      const newSums = keep(sums, next.momentumSum);
      const turned = subtreesTurn(dynamics, momentum, next.momentumSum, newMomenta, newSums, lowest, highest);
      return [next, turned, newMomenta, newSums, nextKey!];
    },
    [empty, np.array(false), checkpoints, checkpoints, key] as const,
  );
  return { ...(tree as Tree), depth: beside.depth, turning };
}

/** One step further. */
function nextLeaf(dynamics: Dynamics, from: Leaf, goingRight: NdArray): Tree {
  const { stepSize, inverseMass, startEnergy } = dynamics;
  const step = np.where(goingRight, stepSize, stepSize.neg());
  const phase = leapfrog(dynamics.potential, step, inverseMass, { ...from, potential: startEnergy });
  const energy = phase.potential.add(kineticEnergy(inverseMass, phase.momentum));
  const gain = energy.sub(startEnergy);
  const delta = np.where(np.isnan(gain), Number.POSITIVE_INFINITY, gain);
  return {
    left: leafOf(phase),
    right: leafOf(phase),
    proposal: { ...proposalOf(phase), energy },
    depth: np.array(0, { dtype: "int32" }),
    weight: delta.neg(),
    momentumSum: phase.momentum,
    turning: np.array(false),
    diverging: delta.greater(dynamics.maxDeltaEnergy),
    acceptance: np.minimum(np.exp(delta.neg()), 1),
    leaves: np.array(1, { dtype: "int32" }),
  };
}

/**
 * Two neighbouring trees as one. Inside a subtree a leaf replaces the proposal in proportion to its weight; between the
 * halves of the trajectory the newer one is preferred.
 */
function combine(
  { inverseMass }: Dynamics,
  current: Tree,
  added: Tree,
  goingRight: NdArray,
  key: NdArray,
  transition: "uniform" | "biased",
): Tree {
  const left = select(goingRight, current.left, added.left);
  const right = select(goingRight, added.right, current.right);
  const momentumSum = current.momentumSum.add(added.momentumSum);
  const gain = added.weight.sub(current.weight);
  const biased = transition === "biased";
  const probability = biased
    ? np.where(np.logicalOr(added.turning, added.diverging), 0, np.minimum(np.exp(gain), 1))
    : nn.sigmoid(gain);
  const turning = biased
    ? np.logicalOr(added.turning, isTurning(inverseMass, left.momentum, right.momentum, momentumSum))
    : current.turning;
  return {
    left,
    right,
    proposal: select(random.bernoulli(key, probability), added.proposal, current.proposal),
    depth: current.depth.add(1),
    weight: np.logaddexp(current.weight, added.weight),
    momentumSum,
    turning,
    diverging: added.diverging,
    acceptance: current.acceptance.add(added.acceptance),
    leaves: current.leaves.add(added.leaves),
  };
}

/** Whether the ends no longer move apart, by the generalised criterion (section A.4.2). */
function isTurning(inverseMass: NdArray, left: NdArray, right: NdArray, momentumSum: NdArray): NdArray {
  const between = momentumSum.sub(left.add(right).div(2));
  const angle = (momentum: NdArray): NdArray => np.dot(inverseMass.mul(momentum), between);
  return np.logicalOr(angle(left).lessEqual(0), angle(right).lessEqual(0));
}

/** The levels of the subtrees that end with leaf n: from the lowest to the highest. None for an even n. */
function closedSubtrees(n: NdArray): [lowest: NdArray, highest: NdArray] {
  const count = (x: NdArray): NdArray => np.bitwiseCount(x).astype("int32");
  const highest = count(np.rightShift(n, 1));
  const trailingOnes = count(np.bitwiseAnd(np.invert(n), n.add(1)).sub(1));
  return [highest.sub(trailingOnes).add(1), highest];
}

/** Whether a subtree that the newest leaf closes turns. */
function subtreesTurn(
  { inverseMass }: Dynamics,
  momentum: NdArray,
  momentumSum: NdArray,
  momenta: NdArray,
  sums: NdArray,
  lowest: NdArray,
  highest: NdArray,
): NdArray {
  const [, turning] = lax.whileLoop(
    ([level, turned]) => np.logicalAnd(level.greaterEqual(lowest), np.logicalNot(turned)),
    ([level]) => {
      const first = lax.dynamicIndexInDim(momenta, level, { keepdims: false });
      const before = lax.dynamicIndexInDim(sums, level, { keepdims: false });
      return [level.sub(1), isTurning(inverseMass, first, momentum, momentumSum.sub(before).add(first))];
    },
    [highest, np.array(false)] as const,
  );
  return turning;
}

function leafOf({ position, momentum, gradient }: Leaf): Leaf {
  return { position, momentum, gradient };
}

function proposalOf({ position, potential, gradient }: Phase): Omit<Proposal, "energy"> {
  return { position, potential, gradient };
}

/** `condition ? x : y` for each array of two equal trees. */
function select<T>(condition: NdArray, x: T, y: T): T {
  const choose = (a: unknown, b: unknown): NdArray => np.where(condition, a as NdArray, b as NdArray);
  return pytree.mapWithOptions({}, choose, x, y) as T;
}
