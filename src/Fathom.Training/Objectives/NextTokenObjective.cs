using Fathom.Training.Data;
using Fathom.Training.Network;
using Fathom.Training.Run;

namespace Fathom.Training.Objectives;

/// <summary>Cross-entropy of the next token, weighted by token, and of the token after it through the prediction block.</summary>
/// <param name="samples">What to learn.</param>
internal sealed class NextTokenObjective(ISampleSource samples) : IObjective
{
    // Documents begin at up to this position, so that the model does not count on small ones.
    private const int MostOffset = 1024;

    /// <inheritdoc/>
    public Objective Compute(V4Network network, TrainStage stage, long firstSample)
    {
        TrainingBatch batch = Packer.Pack(number => samples.Create(number, stage), firstSample, stage.BatchTokens / stage.Length, stage.Length, MostOffset);
        ForwardResult forward = network.Forward(batch.Batch, stage.IndexWeight > 0);
        Tensor places = batch.Weights.flatten().nonzero().squeeze(-1);
        Tensor weights = batch.Weights.flatten().index_select(0, places), targets = batch.Targets.flatten().index_select(0, places);
        Tensor logits = network.Logits(forward.Streams.flatten(0, 1).index_select(0, places));
        Tensor losses = nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.None);
        Tensor loss = (losses * weights).sum() / weights.sum();
        if (network.HasPrediction && stage.PredictionWeight > 0) loss = loss + (PredictionLoss(network, forward, batch) * stage.PredictionWeight);

        Tensor isAnswer = weights >= 1, right = logits.argmax(-1) == targets;
        return new Objective(
            loss,
            forward,
            Mean(losses.masked_select(isAnswer)),
            Mean(losses.masked_select(isAnswer.logical_not())),
            WholeAnswers(places.masked_select(isAnswer), right.masked_select(isAnswer)),
            batch.Batch.Tokens.numel(),
            batch.NextSample);
    }

    private static double Mean(Tensor losses) => losses.numel() > 0 ? losses.mean().item<float>() : double.NaN;

    // What a greedy answer would have said, letter by letter.
    private static double WholeAnswers(Tensor places, Tensor right)
    {
        long[] at = [.. places.data<long>()];
        bool[] isRight = [.. right.data<bool>()];
        int answers = 0, wrong = 0;
        bool isSpoilt = false;
        for (int i = 0; i < at.Length; i++)
        {
            if (i == 0 || at[i] != at[i - 1] + 1) (answers, isSpoilt) = (answers + 1, false);
            if (isSpoilt || isRight[i]) continue;
            (wrong, isSpoilt) = (wrong + 1, true);
        }

        return answers == 0 ? double.NaN : (answers - wrong) / (double)answers;
    }

    // The prediction block sees the next token and predicts the one after it; documents end before their last two places.
    private static Tensor PredictionLoss(V4Network network, ForwardResult forward, TrainingBatch batch)
    {
        Tensor after = batch.Targets.roll(-1, 1), weights = batch.Weights * batch.Weights.roll(-1, 1).gt(0).to(ScalarType.Float32);
        Tensor places = weights.flatten().nonzero().squeeze(-1);
        if (places.numel() == 0) return zeros(1).sum();
        Tensor logits = network.PredictAfterNext(forward.Streams, batch.Targets, batch.Batch);
        Tensor used = weights.flatten().index_select(0, places);
        Tensor losses = nn.functional.cross_entropy(logits.flatten(0, 1).index_select(0, places), after.flatten().index_select(0, places), reduction: nn.Reduction.None);
        return (losses * used).sum() / used.sum();
    }
}
