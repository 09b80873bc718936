using System.Diagnostics;
using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Planning;

/// <summary>
/// Measures what a kind of layer takes here, without its weights: a random checkpoint of its widths with few layers, few experts and a small vocabulary is written, run, and deleted.
/// It can be measured again and again; the medians of everything count.
/// </summary>
internal sealed class LayerProbe : IDisposable
{
    private const string ExpertProducts = $"Linear {nameof(WeightFormat.Fp4)}";
    private const int MostDepth = 2304;
    private const int Vocabulary = 256;
    private const int SpareExperts = 2;

    // Decoded tokens of a measurement.
    private const int Tokens = 8;

    // Room for measurements in the session that decodes.
    private const int MostTokens = 256;

    // Weights of real models lie in no cache; those of the probe should not either, unless the model's do.
    private const long BeyondCaches = 128L << 20;

    private readonly string path;
    private readonly int rows;
    private readonly V4Config config, probe;
    private readonly V4Model model;
    private readonly ISession read;
    private readonly List<Sample> decoded = [], chunks = [], shared = [];
    private TimedDevice? clock;

    private LayerProbe(string path, V4Config config, V4Config probe, LayerKind kind, int rows, V4ModelOptions options, CancellationToken cancellation)
    {
        (this.path, this.config, this.probe, this.rows, Kind) = (path, config, probe, rows, kind);
        Depth = Math.Max(1, Math.Min(MostDepth, config.MaxPositions - (2 * Tokens)));
        model = V4Model.Open(path, new V4ModelOptions { Profile = options.Profile, Workers = options.Workers, CacheStorage = options.CacheStorage, MemoryBudget = long.MaxValue, MaxBatchRows = rows, WrapDevice = device => clock = new TimedDevice(device) });
        read = model.CreateSession();
        try
        {
            // What comes first is compiled and touches memory for the first time.
            while (read.Length < Depth) Forward(read, Math.Min(rows, Depth - read.Length), cancellation);
            for (int i = 0; i < Tokens; i++) Forward(read, 1, cancellation);
        }
        catch
        {
            read.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>The kind of layer.</summary>
    public LayerKind Kind { get; }

    /// <summary>Tokens before the decoded ones.</summary>
    public int Depth { get; }

    /// <summary>Scratch of a forward of a chunk.</summary>
    public long WorkspaceBytes => model.WorkspaceBytes;

    /// <summary>Bytes of the layers without routed experts, against the official layout.</summary>
    public double DenseShare => StoredBytes.Of(model.Checkpoint).DenseShare;

    /// <summary>What was measured so far.</summary>
    public LayerTime Time
    {
        get
        {
            Sample decode = Sample.Median(decoded), prefill = Sample.Median(chunks), few = Sample.Median(shared);
            return new LayerTime(decode.Rest, decode.Pick, decode.Attend, decode.Experts / probe.ExpertsPerToken, prefill.Rest, few.Experts / ExpectedExperts(probe, RowsAsShared));
        }
    }

    // A chunk shares its rows among all experts of the model; in the probe fewer rows meet fewer experts.
    private int RowsAsShared => Math.Clamp((int)((long)rows * probe.ExpertCount / config.ExpertCount), 1, rows);

    /// <summary>Writes the checkpoint, opens it and warms it up.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="layer">A layer of the kind.</param>
    /// <param name="layersOfKind">How many there are.</param>
    /// <param name="rows">Rows of a prompt's chunk.</param>
    /// <param name="folder">Where temporary files may lie; up to about 250 MB for V4-Flash.</param>
    /// <param name="options">Profile and threads.</param>
    /// <param name="matrices">Format of matrices outside the experts.</param>
    /// <param name="cancellation">Stops between forwards.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static LayerProbe Open(V4Config config, int layer, int layersOfKind, int rows, string folder, V4ModelOptions options, StoredType matrices = StoredType.F8E4M3, CancellationToken cancellation = default)
    {
        string path = Path.Combine(folder, "fathom-probe-" + Path.GetRandomFileName());
        V4Config probe = Probe(config, config.RatioOf(layer), layersOfKind, rows);
        try
        {
            SyntheticCheckpoint.Write(path, probe, matrices: matrices, cancellation: cancellation);
            return new LayerProbe(path, config, probe, config.KindOf(layer), rows, options, cancellation);
        }
        catch
        {
            Delete(path);
            throw;
        }
    }

    /// <summary>Measures some tokens and a chunk.</summary>
    /// <param name="cancellation">Stops between forwards.</param>
    public void Measure(CancellationToken cancellation = default)
    {
        for (int i = 0; i < Tokens; i++) decoded.Add(Forward(read, 1, cancellation));
        chunks.Add(Chunk(rows, cancellation));
        shared.Add(Chunk(RowsAsShared, cancellation));
    }

    /// <summary>Closes the checkpoint and deletes it.</summary>
    public void Dispose()
    {
        read.Dispose();
        model.Dispose();
        Delete(path);
    }

    /// <summary>Experts of a layer that so many rows meet when each is as likely as the other.</summary>
    internal static double ExpectedExperts(V4Config config, double rows) => config.ExpertCount * (1 - Math.Pow(1 - ((double)config.ExpertsPerToken / config.ExpertCount), rows));

    private static V4Config Probe(V4Config config, int ratio, int layersOfKind, int rows)
    {
        int experts = Math.Min(config.ExpertCount, config.ExpertsPerToken + SpareExperts);
        V4Config one = config with
        {
            LayerCount = 1,
            CompressRatios = [ratio, 0],
            HashLayerCount = 0,
            MtpLayerCount = 0,
            ExpertCount = experts,
            VocabularySize = Math.Min(Vocabulary, config.VocabularySize),
            BosTokenId = 0,
            EosTokenId = 1,
            MaxPositions = Math.Max(rows, MostDepth) + MostTokens,
        };
        int layers = (int)Math.Clamp(BeyondCaches / WeightSizes.OfOfficialLayout(one).TotalBytes, 1, layersOfKind);
        return one with { LayerCount = layers, CompressRatios = [.. Enumerable.Repeat(ratio, layers), 0] };
    }

    private static void Delete(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }

    private Sample Chunk(int count, CancellationToken cancellation)
    {
        using ISession session = model.CreateSession();
        return Forward(session, count, cancellation);
    }

    private Sample Forward(ISession session, int count, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var tokens = new int[count];
        for (int i = 0; i < count; i++) tokens[i] = i % probe.VocabularySize;
        clock!.Reset();
        long started = Stopwatch.GetTimestamp();
        model.Forward(new Batch().Add(session, tokens, LogitRows.None), cancellation);
        double all = Stopwatch.GetElapsedTime(started).TotalSeconds;
        double Of(string operation) => clock.Times.GetValueOrDefault(operation).TotalSeconds / probe.LayerCount;
        return new Sample((all / probe.LayerCount) - Of(ExpertProducts), Of(nameof(IDevice.PickEntries)), Of(nameof(IDevice.Attend)), Of(ExpertProducts));
    }

    // Seconds for a layer.
    private readonly record struct Sample(double Rest, double Pick, double Attend, double Experts)
    {
        public static Sample Median(List<Sample> all)
        {
            double Of(Func<Sample, double> part) => MachineProbe.Median(all.Select(part));
            return new Sample(Of(sample => sample.Rest), Of(sample => sample.Pick), Of(sample => sample.Attend), Of(sample => sample.Experts));
        }
    }
}
