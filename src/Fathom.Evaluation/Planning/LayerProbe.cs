using System.Diagnostics;
using Fathom.Checkpoints;
using Fathom.Compute;
using Fathom.Model;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Planning;

/// <summary>
/// Measures what the layers of an architecture take here, without its weights: for each kind of layer a random checkpoint of its widths with few layers, few experts and a small
/// vocabulary is written, run, and deleted.
/// </summary>
public static class LayerProbe
{
    private const string ExpertProducts = $"Linear {nameof(WeightFormat.Fp4)}";
    private const int MostDepth = 2304;
    private const int Vocabulary = 256;
    private const int SpareExperts = 2;
    private const int Repeats = 3;
    private const int Tokens = 12;

    // Weights of real models lie in no cache; those of the probe should not either, unless the model's do.
    private const long BeyondCaches = 128L << 20;

    /// <summary>Measures each kind of layer that an architecture has; a few seconds each.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="rows">Rows of a prompt's chunk.</param>
    /// <param name="folder">Where temporary files may lie; up to about 400 MB for V4-Flash.</param>
    /// <param name="options">Profile and threads.</param>
    /// <param name="progress">Receives what is being measured.</param>
    /// <param name="cancellation">Stops between forwards.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static LayerTimes Measure(V4Config config, int rows, string folder, V4ModelOptions options, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        var kinds = new SortedDictionary<LayerKind, LayerTime>();
        long workspace = 0;
        int depth = Math.Min(MostDepth, config.MaxPositions - (2 * Tokens));
        foreach (IGrouping<LayerKind, int> layers in Enumerable.Range(0, config.LayerCount).GroupBy(config.KindOf))
        {
            progress?.Report($"measuring a {layers.Key} layer");
            string path = Path.Combine(folder, "fathom-probe-" + Path.GetRandomFileName());
            V4Config probe = Probe(config, config.RatioOf(layers.First()), layers.Count(), rows);
            try
            {
                SyntheticCheckpoint.Write(path, probe, cancellation: cancellation);
                (LayerTime time, long bytes) = Run(path, probe, config, rows, depth, options, cancellation);
                kinds.Add(layers.Key, time);
                workspace = Math.Max(workspace, bytes);
            }
            finally
            {
                if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            }
        }

        return new LayerTimes(rows, depth, workspace, kinds);
    }

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
            MaxPositions = Math.Max(rows, MostDepth) + (4 * Tokens),
        };
        int layers = (int)Math.Clamp(BeyondCaches / WeightSizes.OfOfficialLayout(one).TotalBytes, 1, layersOfKind);
        return one with { LayerCount = layers, CompressRatios = [.. Enumerable.Repeat(ratio, layers), 0] };
    }

    private static (LayerTime Time, long WorkspaceBytes) Run(string path, V4Config probe, V4Config config, int rows, int depth, V4ModelOptions options, CancellationToken cancellation)
    {
        TimedDevice? clock = null;
        using V4Model model = V4Model.Open(path, new V4ModelOptions { Profile = options.Profile, Workers = options.Workers, CacheStorage = options.CacheStorage, MemoryBudget = long.MaxValue, MaxBatchRows = rows, WrapDevice = device => clock = new TimedDevice(device) });
        Sample Forward(ISession session, int count)
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

        Sample Chunk(int count) => Sample.Median(Repeats, () =>
        {
            using ISession session = model.CreateSession();
            return Forward(session, count);
        });

        using ISession read = model.CreateSession();
        while (read.Length < depth) Forward(read, Math.Min(rows, depth - read.Length));
        for (int i = 0; i < Tokens; i++) Forward(read, 1);
        Sample decode = Sample.Median(Tokens, () => Forward(read, 1));

        // The chunk shares its rows among all experts of the model; here fewer rows meet fewer experts.
        int rowsAsShared = Math.Clamp((int)((long)rows * probe.ExpertCount / config.ExpertCount), 1, rows);
        Sample prefill = Chunk(rows), shared = Chunk(rowsAsShared);
        return (new LayerTime(decode.Rest, decode.Pick, decode.Attend, decode.Experts / probe.ExpertsPerToken, prefill.Rest, shared.Experts / ExpectedExperts(probe, rowsAsShared)), model.WorkspaceBytes);
    }

    /// <summary>Experts of a layer that so many rows meet when each is as likely as the other.</summary>
    internal static double ExpectedExperts(V4Config config, double rows) => config.ExpertCount * (1 - Math.Pow(1 - ((double)config.ExpertsPerToken / config.ExpertCount), rows));

    // Seconds for a layer.
    private readonly record struct Sample(double Rest, double Pick, double Attend, double Experts)
    {
        public static Sample Median(int count, Func<Sample> measure)
        {
            Sample[] all = [.. Enumerable.Range(0, count).Select(_ => measure())];
            double Of(Func<Sample, double> part) => all.Select(part).Order().ElementAt(count / 2);
            return new Sample(Of(sample => sample.Rest), Of(sample => sample.Pick), Of(sample => sample.Attend), Of(sample => sample.Experts));
        }
    }
}
