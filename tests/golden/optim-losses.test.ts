/** Losses, projections and tree arithmetic of optim against optax. */
import { type NdArray, nn, numpy as np, optim } from "weft";
import { goldenFamily } from "../helpers/golden-family.ts";

interface Params {
  readonly w: NdArray;
  readonly b: NdArray;
}

const cost = ({ w, b }: Params, inputs: NdArray, targets: NdArray) =>
  np.square(np.sum(np.tanh(inputs.matmul(w).add(b)).mul(targets)));

goldenFamily("optim-losses", {
  fenchelYoung: optim.makeFenchelYoungLoss((scores) => nn.logsumexp(scores)),
  ranking: (scores: NdArray, labels: NdArray, where: NdArray, weights: NdArray) => [
    optim.rankingSoftmaxLoss(scores, labels, { where, weights }),
    optim.rankingSoftmaxLoss(scores, labels, { where, reduction: "sum" }),
    optim.rankingSoftmaxLoss(scores, labels, { where, reduction: "none" }),
    optim.rankingSoftmaxLoss(scores, labels, { where: where.mul(false) }),
  ],
  hvp: (v: NdArray, params: Params, x: NdArray, y: NdArray) => optim.hvp(cost, v, params, x, y),
  hessianDiag: (params: Params, x: NdArray, y: NdArray) => optim.hessianDiag(cost, params, x, y),
  fisherDiag: (params: Params, x: NdArray, y: NdArray) => optim.fisherDiag(cost, params, x, y),
});
