using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Model.Tests;

/// <summary>Small checkpoints, opened with an arena of a few slots.</summary>
internal static class SmallStream
{
    /// <summary>Writes a random checkpoint: window, CSA, HCA, CSA, of which the first two are routed by token id, and an MTP block.</summary>
    public static string Write(string folder, int experts = 16)
    {
        string path = Path.Combine(folder, $"model-{experts}");
        SyntheticCheckpoint.Write(path, new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4, 128, 4], Experts = experts, ExpertWidth = 512, Vocabulary = 512 });
        return path;
    }

    /// <summary>Opens a checkpoint with a budget for the least number of slots, and some more.</summary>
    public static V4Model Open(string path, int moreSlots = 0, NumericProfile profile = NumericProfile.Fast, int rows = 64, int workers = 2, Func<IReadOnlyList<string>, IExpertFiles>? files = null, bool readsExpected = true) =>
        Over(Checkpoint.Open(path, looksAtExperts: false), moreSlots, profile, rows, workers, files, readsExpected);

    /// <summary>The same over an opened checkpoint.</summary>
    public static V4Model Over(Checkpoint checkpoint, int moreSlots = 0, NumericProfile profile = NumericProfile.Fast, int rows = 64, int workers = 2, Func<IReadOnlyList<string>, IExpertFiles>? files = null, bool readsExpected = true)
    {
        var options = new V4ModelOptions { Profile = profile, Workers = workers, MaxBatchRows = rows, Reserve = new MemoryReserve { ContextTokens = 1024, Sessions = 4 }, ReadsExpectedExperts = readsExpected };
        WeightSizes sizes = WeightSizes.Of(checkpoint);
        long least = MemoryPlan.For(checkpoint.Config, sizes, null, options.Reserve with { Caches = V4Model.CacheFormatFor(checkpoint.Config, options) }, rows).LeastBytes;
        return V4Model.Create(checkpoint, options with { MemoryBudget = least + (moreSlots * sizes.SlotBytes) }, null, files);
    }

    /// <summary>Opens the same checkpoint with everything in memory.</summary>
    public static V4Model OpenResident(string path, NumericProfile profile = NumericProfile.Fast) => V4Model.Open(path, new V4ModelOptions { Profile = profile, Workers = 2 });
}

/// <summary>Counts reads, and makes them slow or fail when a test says so.</summary>
internal sealed unsafe class WatchedFiles(IExpertFiles files) : IExpertFiles
{
    private readonly Dictionary<(int, long), int> counts = [];

    /// <summary>The most often that a place was read since the last look.</summary>
    public int MostReadsOfAPlace
    {
        get
        {
            lock (counts)
            {
                int most = counts.Count == 0 ? 0 : counts.Values.Max();
                counts.Clear();
                return most;
            }
        }
    }

    /// <summary>Called before every read.</summary>
    public Action? BeforeRead { get; set; }

    /// <summary>Opens the usual files under such a watch.</summary>
    public static Func<IReadOnlyList<string>, IExpertFiles> Over(out Func<WatchedFiles> watched)
    {
        WatchedFiles? made = null;
        watched = () => made!;
        return paths => made = new WatchedFiles(new UnbufferedFiles(paths));
    }

    public string PathOf(int file) => files.PathOf(file);

    public int Read(int file, long offset, byte* target, int count)
    {
        lock (counts) counts[(file, offset)] = counts.GetValueOrDefault((file, offset)) + 1;
        BeforeRead?.Invoke();
        return files.Read(file, offset, target, count);
    }

    public void Dispose() => files.Dispose();
}
