/** Losses, projections and tree arithmetic of optim against optax. */
import { type NdArray, nn, optim } from "weft";
import { goldenFamily } from "../helpers/golden-family.ts";

goldenFamily("optim-losses", {
  fenchelYoung: optim.makeFenchelYoungLoss((scores) => nn.logsumexp(scores)),
  ranking: (scores: NdArray, labels: NdArray, where: NdArray, weights: NdArray) => [
    optim.rankingSoftmaxLoss(scores, labels, { where, weights }),
    optim.rankingSoftmaxLoss(scores, labels, { where, reduction: "sum" }),
    optim.rankingSoftmaxLoss(scores, labels, { where, reduction: "none" }),
    optim.rankingSoftmaxLoss(scores, labels, { where: where.mul(false) }),
  ],
});
