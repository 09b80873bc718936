using System.Text.Json;

namespace Fathom.Training.Run;

/// <summary>A training run, as its JSON file describes it. Paths are relative to the file.</summary>
public sealed record TrainConfig
{
    private static readonly JsonSerializerOptions Reading = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The architecture: a config.json of V4's kind.</summary>
    public required string Model { get; init; }

    /// <summary>The tokenizer.json.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>The folder for state, metrics, plot and export.</summary>
    public required string Output { get; init; }

    /// <summary>Seed of first values and data.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Highest learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Steps in which the learning rate rises from 0.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>Share of the learning rate that is left at the end; it falls by a cosine over the last half of all steps.</summary>
    public double FinalShare { get; init; } = 0.1;

    /// <summary>Whether matrices are trained by Muon; AdamW trains everything otherwise.</summary>
    public bool UsesMuon { get; init; } = true;

    /// <summary>Largest norm of all gradients together.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Weight of predicting text that is no answer.</summary>
    public float TextWeight { get; init; } = 0.1f;

    /// <summary>Weight of the prediction block's loss.</summary>
    public double PredictionWeight { get; init; } = 0.3;

    /// <summary>Weight of the sequence-wise balance loss.</summary>
    public double BalanceWeight { get; init; } = 1e-4;

    /// <summary>How much a selection bias moves in a step.</summary>
    public double BiasSpeed { get; init; } = 1e-3;

    /// <summary>Steps between saved states.</summary>
    public int SaveEvery { get; init; } = 100;

    /// <summary>The stages, one after the other.</summary>
    public required IReadOnlyList<TrainStage> Stages { get; init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">The file is no such description; the message says where.</exception>
    public static TrainConfig Read(string path)
    {
        try
        {
            TrainConfig config = JsonSerializer.Deserialize<TrainConfig>(File.ReadAllText(path), Reading) ?? throw new InvalidDataException($"{path} is empty.");
            string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            config = config with { Model = Path.Combine(folder, config.Model), Tokenizer = Path.Combine(folder, config.Tokenizer), Output = Path.Combine(folder, config.Output) };
            config.Check(path);
            return config;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is not a training description: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }

    private void Check(string path)
    {
        if (Stages.Count == 0) throw new InvalidDataException($"{path} has no stages; a run needs at least one.");
        foreach (TrainStage stage in Stages)
        {
            if (stage.Steps < 1 || stage.Length < 128 || stage.Length % 128 != 0 || stage.BatchTokens < stage.Length || stage.Questions < 1)
                throw new InvalidDataException($"{path}: a stage needs steps and questions of at least 1, a length that is a multiple of 128, and batchTokens of at least the length.");
        }

        if (!(LearningRate > 0) || WarmupSteps < 0 || SaveEvery < 1 || !(ClipNorm > 0)) throw new InvalidDataException($"{path}: learningRate, saveEvery and clipNorm must be above 0, warmupSteps not below.");
    }
}

/// <summary>A part of a run with its own length of sequences.</summary>
public sealed record TrainStage
{
    /// <summary>Optimiser steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Tokens of a row; a multiple of 128.</summary>
    public required int Length { get; init; }

    /// <summary>Tokens of documents at most; 0 for the length of a row. Shorter documents share a row.</summary>
    public int DocumentLength { get; init; }

    /// <summary>Tokens of a step.</summary>
    public required int BatchTokens { get; init; }

    /// <summary>Questions to a document at most.</summary>
    public int Questions { get; init; } = 8;

    /// <summary>dense: CSA layers see everything; sparse: what the indexer picks.</summary>
    public bool IsSparse { get; init; }

    /// <summary>Weight of the indexer's own loss; 0 leaves it untrained.</summary>
    public double IndexWeight { get; init; }

    /// <summary>Whether the network sees parameters rounded as in an export.</summary>
    public bool IsQuantised { get; init; }
}
