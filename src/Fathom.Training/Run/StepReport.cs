namespace Fathom.Training.Run;

/// <summary>Figures of one training step.</summary>
/// <param name="Step">Number of the step, from 1.</param>
/// <param name="TotalSteps">Steps of the run.</param>
/// <param name="AnswerLoss">Mean cross-entropy of answer tokens, in nats.</param>
/// <param name="TextLoss">Mean cross-entropy of the other weighted tokens; NaN without any.</param>
/// <param name="IndexLoss">The indexers' loss; NaN when it is off.</param>
/// <param name="AnswersRight">Share of answer tokens that were the most likely.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="LearningRate">Of this step.</param>
/// <param name="TokensPerSecond">Tokens of the step by its time.</param>
public sealed record StepReport(
    long Step, long TotalSteps, double AnswerLoss, double TextLoss, double IndexLoss, double AnswersRight, double GradientNorm, double LearningRate, double TokensPerSecond);
