/** Connectionist temporal classification (optax's `ctc_loss`; Graves et al. 2006). */
import { scan } from "../../control/index.ts";
import { type ArrayLike, convert, full, type NdArray, WeftValueError } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { concatenate, sliceInDim, transpose } from "../../lax/movement.ts";
import { logSoftmax, oneHot } from "../../nn/functions.ts";
import { matmul } from "../../numpy/linalg.ts";
import { matrixTranspose } from "../../numpy/movement.ts";
import { toArray } from "../../numpy/promotion.ts";
import { sum } from "../../numpy/reductions.ts";
import { add, logaddexp, multiply, subtract } from "../../numpy/ufuncs.ts";
import { checkRank, floating, integer, sameShapes } from "./checks.ts";

/** Options of `ctcLossWithForwardProbs` and `ctcLoss`. */
export interface CtcOptions {
  /** The class that stands for no label. Default 0. */
  readonly blankId?: number;
  /** What log 0 is taken for. Default −1e5. */
  readonly logEpsilon?: number;
}

/**
 * The CTC loss per sequence, and the logarithms of the forward probabilities of blanks and labels
 * (`optax.ctc_loss_with_forward_probs`).
 *
 * logits [batch, time, classes], logitPaddings [batch, time] with 1 where a frame is padding, labels [batch, length]
 * integers, labelPaddings [batch, length]; paddings stand at the end. Losses [batch], probabilities
 * [time, batch, length + 1] and [time, batch, length].
 */
export function ctcLossWithForwardProbs(
  logits: ArrayLike,
  logitPaddings: ArrayLike,
  labels: ArrayLike,
  labelPaddings: ArrayLike,
  options: CtcOptions = {},
): [loss: NdArray, logAlphaBlank: NdArray, logAlphaLabel: NdArray] {
  const { blankId = 0, logEpsilon = -1e5 } = options;
  const x = floating("ctcLoss", logits);
  const y = integer("ctcLoss", "labels", labels);
  const frames = toArray("ctcLoss", logitPaddings);
  const gaps = toArray("ctcLoss", labelPaddings);
  checkRank("ctcLoss", "logits", x, 3);
  checkRank("ctcLoss", "labels", y, 2);
  sameShapes("ctcLoss", y, gaps);
  const [batch, time, classes] = x.shape;
  if (frames.ndim !== 2 || frames.shape[0] !== batch || frames.shape[1] !== time) {
    sameShapes("ctcLoss", full(0, "float32", [batch, time]), frames);
  }
  const [labelled, length] = y.shape;
  if (labelled !== batch) {
    throw new WeftValueError(`Expected \`labels\` to have batch size ${batch}, got ${labelled}.`);
  }
  if (!Number.isInteger(blankId) || blankId < 0 || blankId >= classes) {
    throw new WeftValueError(`ctcLoss: blankId ${blankId} is none of the ${classes} classes`);
  }
  const { dtype } = x;
  const logProbs = logSoftmax(x);
  const lengths = subtract(length, convert(sum(gaps, { axis: 1 }), "int32"));
  const same = lax.eq(sliceInDim(y, 0, length - 1, { axis: 1 }), sliceInDim(y, 1, length, { axis: 1 }));
  const repeat = concatenate([convert(same, dtype), full(0, dtype, [batch, 1])], 1);
  const timeFirst = (z: NdArray): NdArray => transpose(z, [1, 0, 2]);
  const logBlank = timeFirst(sliceInDim(logProbs, blankId, blankId + 1, { axis: 2 }));
  const emitted = timeFirst(matmul(logProbs, matrixTranspose(oneHot(y, classes, { dtype }))));

  const updateBlank = (blank: NdArray, added: NdArray): NdArray =>
    concatenate(
      [sliceInDim(blank, 0, 1, { axis: 1 }), logaddexp(sliceInDim(blank, 1, length + 1, { axis: 1 }), added)],
      1,
    );
  type Alphas = [blank: NdArray, label: NdArray];
  const step = ([blank, label]: Alphas, [logLabel, logPhi, padding]: [NdArray, NdArray, NdArray]) => {
    const reached = updateBlank(blank, add(label, multiply(repeat, logEpsilon)));
    const before = sliceInDim(reached, 0, length, { axis: 1 });
    const nextLabel = logaddexp(add(before, logLabel), add(label, logLabel));
    const crossed = add(add(label, logPhi), multiply(subtract(1, repeat), logEpsilon));
    const nextBlank = updateBlank(add(reached, logPhi), crossed);
    const still = convert(padding, dtype).reshape(batch, 1);
    const going = subtract(1, still);
    const now: Alphas = [
      add(multiply(still, blank), multiply(going, nextBlank)),
      add(multiply(still, label), multiply(going, nextLabel)),
    ];
    return [now, now] as const;
  };
  const start: Alphas = [
    concatenate([full(0, dtype, [batch, 1]), full(logEpsilon, dtype, [batch, length])], 1),
    full(logEpsilon, dtype, [batch, length]),
  ];
  const [last, [blanks, emissions]] = scan<Alphas, [NdArray, NdArray, NdArray], Alphas>(step, start, [
    emitted,
    logBlank,
    transpose(frames, [1, 0]),
  ]);
  const finalBlank = updateBlank(last[0], last[1]);
  const logAlphaBlank = concatenate(
    [sliceInDim(blanks, 0, time - 1), finalBlank.reshape(1, batch, length + 1)],
    0,
  );
  const ends = oneHot(lengths, length + 1, { dtype });
  return [lax.neg(sum(multiply(finalBlank, ends), { axis: 1 })), logAlphaBlank, emissions];
}

/** The CTC loss per sequence (`optax.ctc_loss`); see `ctcLossWithForwardProbs` for the arguments. */
export function ctcLoss(
  logits: ArrayLike,
  logitPaddings: ArrayLike,
  labels: ArrayLike,
  labelPaddings: ArrayLike,
  options: CtcOptions = {},
): NdArray {
  return ctcLossWithForwardProbs(logits, logitPaddings, labels, labelPaddings, options)[0];
}
