using System.Text.Json;
using Fathom.Inference;
using Fathom.Training.Data;

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

    /// <summary>The architecture of a new model: a config.json of V4's kind. null when the run starts from a checkpoint.</summary>
    public string? Model { get; init; }

    /// <summary>Fine-tuning and distillation: the folder of the checkpoint to start from, or the name of a pulled model.</summary>
    public string? StartFrom { get; init; }

    /// <summary>The tokenizer.json; when the run starts from a checkpoint, the one in its folder by default.</summary>
    public string? Tokenizer { get; init; }

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

    /// <summary>Generated documents: whether every second question in thinking mode stands alone behind its document. The others come after all questions.</summary>
    public bool AsksThinkingAlone { get; init; } = true;

    /// <summary>Weight of the sequence-wise balance loss.</summary>
    public double BalanceWeight { get; init; } = 1e-4;

    /// <summary>How much a selection bias moves in a step.</summary>
    public double BiasSpeed { get; init; } = 1e-3;

    /// <summary>Steps between saved states.</summary>
    public int SaveEvery { get; init; } = 100;

    /// <summary>Whether the end also writes export-unrounded/, the same model with all matrices in 32 bits, for comparison.</summary>
    public bool ExportsUnrounded { get; init; }

    /// <summary>What to train on; generated documents when nothing is named.</summary>
    public IReadOnlyList<DataSource> Data { get; init; } = [];

    /// <summary>Fine-tuning: train adapters instead of the parameters.</summary>
    public AdapterConfig? Adapter { get; init; }

    /// <summary>Distillation: the teacher.</summary>
    public DistillConfig? Distill { get; init; }

    /// <summary>The stages, one after the other.</summary>
    public required IReadOnlyList<TrainStage> Stages { get; init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">The file is no such description; the message says where.</exception>
    /// <exception cref="DirectoryNotFoundException">A model that it names is neither a folder nor pulled.</exception>
    public static TrainConfig Read(string path)
    {
        try
        {
            TrainConfig config = JsonSerializer.Deserialize<TrainConfig>(File.ReadAllText(path), Reading) ?? throw new InvalidDataException($"{path} is empty.");
            config = config.Under(Path.GetDirectoryName(Path.GetFullPath(path))!);
            config.Check(path);
            return config;
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is not a training description: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }

    private TrainConfig Under(string folder)
    {
        string? Absolute(string? path) => path is null ? null : Path.Combine(folder, path);

        // A folder beside the description comes first, then what people call a model anywhere else.
        string Checkpoint(string model) => Path.Exists(Path.Combine(folder, model)) ? Path.Combine(folder, model) : ModelPath.Resolve(model);
        return this with
        {
            Model = Absolute(Model),
            StartFrom = StartFrom is null ? null : Checkpoint(StartFrom),
            Tokenizer = Absolute(Tokenizer),
            Output = Path.Combine(folder, Output),
            Data = [.. Data.Select(data => data with { Path = Absolute(data.Path) })],
            Distill = Distill is null ? null : Distill with { Teacher = Checkpoint(Distill.Teacher) },
        };
    }

    private void Check(string path)
    {
        void Refuse(bool isWrong, string message)
        {
            if (isWrong) throw new InvalidDataException($"{path}: {message}");
        }

        Refuse((Model is null) == (StartFrom is null), "a run needs either model, to begin from random values, or startFrom, a checkpoint.");
        Refuse(Model is not null && Tokenizer is null, "a new model needs a tokenizer.");
        Refuse(Adapter is not null && StartFrom is null, "adapters need startFrom, the checkpoint that they adapt.");
        Refuse(Adapter is { } adapter && (adapter.Rank < 1 || !(adapter.Alpha > 0) || adapter.Modules.Count == 0), "an adapter needs a rank of at least 1, an alpha above 0 and modules.");
        Refuse(Distill is { } distill && (distill.AnswerTokens < 1 || !(distill.Temperature > 0)), "distill needs answerTokens of at least 1 and a temperature above 0.");
        Refuse(Data.Any(data => (data.Path is null) != (data.Kind == DataKind.Recall)), "every source of data but recall needs a path.");
        Refuse(Data.Any(data => !(data.Share > 0)) || Data.Count > MixedSamples.MostSources, $"shares of data must be above 0, and the sources at most {MixedSamples.MostSources}.");
        Refuse(Stages.Count == 0, "the run has no stages; it needs at least one.");
        Refuse(
            Stages.Any(stage => stage.Steps < 1 || stage.Length < 128 || stage.Length % 128 != 0 || stage.BatchTokens < stage.Length || stage.Questions < 1 || stage.Accumulation < 1),
            "a stage needs steps, questions and accumulation of at least 1, a length that is a multiple of 128, and batchTokens of at least the length.");
        Refuse(Stages.Any(stage => stage.DocumentLength < 0 || stage.DocumentLength > stage.Length), "documentLength must be between 0 and the length.");
        Refuse(!(LearningRate > 0) || WarmupSteps < 0 || SaveEvery < 1 || !(ClipNorm > 0), "learningRate, saveEvery and clipNorm must be above 0, warmupSteps not below.");
    }
}
