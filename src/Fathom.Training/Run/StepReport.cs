namespace Fathom.Training.Run;

/// <summary>Figures of one training step.</summary>
/// <param name="Step">Number of the step, from 1.</param>
/// <param name="TotalSteps">Steps of the run.</param>
/// <param name="Loss">Mean cross-entropy of what is to be learnt, answers say, in nats; in distillation the divergence from the teacher.</param>
/// <param name="TextLoss">Mean cross-entropy of tokens with less weight; NaN without any.</param>
/// <param name="IndexLoss">The indexers' loss; NaN when it is off.</param>
/// <param name="Right">Share of answers of which every token was the most likely; in distillation the share of tokens on whose best successor student and teacher agree.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="LearningRate">Of this step.</param>
/// <param name="TokensPerSecond">Tokens of the step by its time.</param>
public sealed record StepReport(
    long Step, long TotalSteps, double Loss, double TextLoss, double IndexLoss, double Right, double GradientNorm, double LearningRate, double TokensPerSecond);
