/** The pieces of scikit-learn that the samples use, with its results for the same seeds. */
export { classificationReport, type ReportOptions } from "./classification-report.ts";
export { LinearRegression, type LinearRegressionOptions } from "./linear-regression.ts";
export {
  type Classification,
  type ClassificationOptions,
  makeClassification,
} from "./make-classification.ts";
export { type Matrix, matrix } from "./matrix.ts";
export { accuracyScore, type ClassScores, Confusion, type Scores } from "./scores.ts";
export { StandardScaler, type StandardScalerOptions } from "./standard-scaler.ts";
export { type SplitOptions, trainTestSplit } from "./train-test-split.ts";
