using Fathom.Training.Data;
using Fathom.Training.Network;
using Fathom.Training.Run;

namespace Fathom.Training.Objectives;

/// <summary>What a step is to make smaller.</summary>
internal interface IObjective
{
    /// <summary>The loss of one batch of a stage, beginning at a sample's number.</summary>
    Objective Compute(V4Network network, TrainStage stage, long firstSample);
}

/// <summary>The loss of a batch and what is reported of it.</summary>
/// <param name="Loss">The whole loss, a scalar with a gradient.</param>
/// <param name="Forward">The forward that it is from.</param>
/// <param name="Main">Its main part alone: mean cross-entropy of what is to be learnt, or the divergence from the teacher.</param>
/// <param name="Text">Mean cross-entropy of what has less weight; NaN without any.</param>
/// <param name="Right">Share of answers of which every token was the most likely.</param>
/// <param name="Tokens">Tokens that went through the network.</param>
/// <param name="NextSample">The number of the first sample that was not used.</param>
internal sealed record Objective(Tensor Loss, ForwardResult Forward, double Main, double Text, double Right, long Tokens, long NextSample)
{
    /// <summary>Adds the balance loss and the indexer's own.</summary>
    public Objective WithOwnLosses(double balanceWeight, double indexWeight)
    {
        Tensor loss = Loss;
        if (Forward.BalanceLoss is { } balance) loss = loss + (balance * balanceWeight);
        if (Forward.IndexLoss is { } index) loss = loss + (index * indexWeight);
        return this with { Loss = loss };
    }
}
