namespace Fathom.Training.Run;

/// <summary>A part of a run with its own length of sequences.</summary>
public sealed record TrainStage
{
    /// <summary>Optimiser steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Tokens of a row; a multiple of 128.</summary>
    public required int Length { get; init; }

    /// <summary>Tokens of a sample at most; 0 for the length of a row. Shorter samples share a row.</summary>
    public int DocumentLength { get; init; }

    /// <summary>Tokens that go through the network at once; at least the length.</summary>
    public required int BatchTokens { get; init; }

    /// <summary>Batches whose gradients are averaged for a step.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Generated documents: questions to a document at most.</summary>
    public int Questions { get; init; } = 8;

    /// <summary>Generated documents: facts in a document at most (at least half as many); 0 for one in 220 characters.</summary>
    public int Facts { get; init; }

    /// <summary>dense: CSA layers see everything; sparse: what the indexer picks.</summary>
    public bool IsSparse { get; init; }

    /// <summary>Weight of the indexer's own loss; 0 leaves it untrained.</summary>
    public double IndexWeight { get; init; }

    /// <summary>Weight of the prediction block's loss; 0 leaves the block untrained.</summary>
    public double PredictionWeight { get; init; } = 0.1;

    /// <summary>Whether the network sees parameters rounded as in an export.</summary>
    public bool IsQuantised { get; init; }

    /// <summary>Tokens of a sample at most.</summary>
    internal int SampleTokens => DocumentLength > 0 ? DocumentLength : Length;
}
