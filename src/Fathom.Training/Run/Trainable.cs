using Fathom.Training.Adapters;
using Fathom.Training.Network;
using Fathom.Training.Quantization;

namespace Fathom.Training.Run;

/// <summary>The model of a run, and which of its tensors the run changes: all, or those of its adapters.</summary>
internal sealed class Trainable : IDisposable
{
    private static readonly Dictionary<string, Tensor> NoTables = [];

    private readonly StraightThrough rounding;

    private Trainable(V4Config config, Parameters parameters, LowRankAdapters? adapters)
    {
        Config = config;
        Parameters = parameters;
        Adapters = adapters;
        rounding = new StraightThrough(config);
        foreach (Tensor tensor in parameters.All.Values) tensor.requires_grad_(adapters is null);
        See(isQuantised: false);
    }

    /// <summary>Makes a new model, or loads the one that the run starts from.</summary>
    /// <exception cref="InvalidDataException">The adapters do not fit the model.</exception>
    public static Trainable Create(TrainConfig run)
    {
        if (run.StartFrom is null)
        {
            V4Config config = V4Config.Read(run.Model!);
            return new Trainable(config, Initializer.Create(config, run.Seed), null);
        }

        using Checkpoint checkpoint = Checkpoint.Open(run.StartFrom);
        Parameters parameters = CheckpointParameters.Load(checkpoint);
        LowRankAdapters? adapters = run.Adapter is { } adapter ? LowRankAdapters.Create(parameters, adapter.Modules, adapter.Rank, adapter.Alpha, run.Seed) : null;
        return new Trainable(ConfigOf(checkpoint), parameters, adapters);
    }

    /// <summary>A checkpoint with an adapter on top, to be exported as one.</summary>
    /// <exception cref="InvalidDataException">The adapter does not fit the checkpoint.</exception>
    public static Trainable Merged(string checkpointFolder, string adapterFolder)
    {
        using Checkpoint checkpoint = Checkpoint.Open(checkpointFolder);
        Parameters parameters = CheckpointParameters.Load(checkpoint);
        LowRankAdapters adapters = AdapterFiles.Read(adapterFolder);
        adapters.Check(parameters, adapterFolder);
        return new Trainable(ConfigOf(checkpoint), parameters, adapters);
    }

    public V4Config Config { get; }

    public Parameters Parameters { get; }

    public LowRankAdapters? Adapters { get; }

    /// <summary>What the optimisers change.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => Adapters?.Tensors ?? Parameters.All;

    /// <summary>Tables that change too: selection biases.</summary>
    public IReadOnlyDictionary<string, Tensor> Tables => Adapters is null ? Parameters.Tables : NoTables;

    /// <summary>Sets how the network sees the parameters: with adapters, and rounded as in an export or not.</summary>
    public void See(bool isQuantised) => Parameters.View = (name, tensor) =>
    {
        Tensor value = Adapters?.View(name, tensor) ?? tensor;
        return isQuantised ? rounding.View(name, value) : value;
    };

    /// <summary>To be called when the optimisers have changed something.</summary>
    public void HasChanged() => rounding.Forget();

    public void Dispose()
    {
        rounding.Forget();
        Parameters.Dispose();
        Adapters?.Dispose();
    }

    // A config may name an MTP layer that the files do not hold.
    private static V4Config ConfigOf(Checkpoint checkpoint) => checkpoint.HasMultiTokenPrediction ? checkpoint.Config : checkpoint.Config with { MtpLayerCount = 0 };
}
