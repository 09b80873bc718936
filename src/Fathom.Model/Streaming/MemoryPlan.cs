using System.Globalization;
using Fathom.Checkpoints;

namespace Fathom.Model.Streaming;

/// <summary>
/// How a memory budget is divided: program, weights, caches of sessions, scratch of a forward, and an arena for routed experts with what is left. Pure arithmetic over a config and sizes;
/// the engine and whoever plans ahead ask the same class.
/// </summary>
public sealed record MemoryPlan
{
    /// <summary>Rows of a forward when everything is in memory and nothing else was asked.</summary>
    public const int StandardRows = 1024;

    // A chunk of a prompt needs most experts of every layer whatever its length, so long chunks read less for each token.
    private const int MostRows = 4096;
    private const int LeastRows = 128;

    // Rows may take this share of what is left beside weights and caches.
    private const int WorkingShare = 8;

    // The runtime, its compiled code and its heap, tokenizer and threads with their scratch.
    private const long ProgramBase = 256L << 20;
    private const long ProgramBytesPerTensor = 1024;

    // Aligned copies of tensors begin and end in the middle of a page.
    private const long BytesAroundTensor = 2L * UnbufferedFile.Alignment;

    /// <summary>The budget in bytes, whether somebody gave it or what is free decided; null where there is none.</summary>
    public long? Budget { get; private init; }

    /// <summary>Whether routed experts are read from disk on demand.</summary>
    public bool IsStreaming { get; private init; }

    /// <summary>Bytes of the program itself.</summary>
    public long ProgramBytes { get; private init; }

    /// <summary>Bytes of the weights that are always in memory: all of them, or those that are not routed experts.</summary>
    public long ResidentWeightBytes { get; private init; }

    /// <summary>Sessions that caches are reserved for, kept beginnings not counted.</summary>
    public int Sessions { get; private init; }

    /// <summary>Tokens that a session may hold.</summary>
    public int ContextTokens { get; private init; }

    /// <summary>Bytes reserved for the caches of sessions and for kept beginnings.</summary>
    public long CacheBytes { get; private init; }

    /// <summary>Of these, bytes for kept beginnings.</summary>
    public long KeptBytes { get; private init; }

    /// <summary>Rows of a forward at most.</summary>
    public int Rows { get; private init; }

    /// <summary>Bytes of scratch for a forward of so many rows.</summary>
    public long WorkingBytes { get; private init; }

    /// <summary>Bytes reserved for whoever runs the model (<see cref="MemoryReserve.OtherBytes"/>).</summary>
    public long OtherBytes { get; private init; }

    /// <summary>Bytes of a place in the arena.</summary>
    public long SlotBytes { get; private init; }

    /// <summary>Places in the arena, one expert each; 0 when all experts are in memory.</summary>
    public int Slots { get; private init; }

    /// <summary>Bytes of the arena.</summary>
    public long ArenaBytes => Slots * SlotBytes;

    /// <summary>The least budget that this model runs in.</summary>
    public long LeastBytes { get; private init; }

    /// <summary>What everything takes together.</summary>
    public long TotalBytes => ProgramBytes + ResidentWeightBytes + CacheBytes + WorkingBytes + OtherBytes + ArenaBytes;

    /// <summary>Divides a budget.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="sizes">Its weights.</param>
    /// <param name="budget">Bytes in all; null for as many as are needed.</param>
    /// <param name="reserve">Room for caches; null for one session of the standard length.</param>
    /// <param name="rows">Rows of a forward at most; null to choose.</param>
    /// <exception cref="ArgumentException">The budget is too small; the message says the least that works.</exception>
    public static MemoryPlan For(V4Config config, WeightSizes sizes, long? budget, MemoryReserve? reserve = null, int? rows = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(sizes);
        reserve ??= new MemoryReserve();
        Check(reserve, rows);
        bool isBounded = budget is not null || reserve.ContextTokens is not null;
        int context = Math.Min(config.MaxPositions, reserve.ContextTokens ?? (isBounded ? MemoryReserve.StandardContext : config.MaxPositions));
        long cache = (reserve.Sessions + (long)reserve.KeptSessions) * SessionBytes(config, context, reserve.Caches);
        long program = ProgramBase + (sizes.TensorCount * ProgramBytesPerTensor);
        long Working(int count) => ForwardBytes(config, count, context, reserve.Sessions, reserve.LogitRows);
        var whole = new MemoryPlan
        {
            Budget = budget,
            ProgramBytes = program,
            ResidentWeightBytes = sizes.TotalBytes,
            Sessions = reserve.Sessions,
            ContextTokens = context,
            CacheBytes = cache,
            KeptBytes = reserve.KeptSessions * SessionBytes(config, context, reserve.Caches),
            Rows = rows ?? StandardRows,
            WorkingBytes = Working(rows ?? StandardRows),
            OtherBytes = reserve.OtherBytes,
            SlotBytes = sizes.SlotBytes,
        };
        long dense = sizes.DenseBytes + (sizes.DenseTensorCount * BytesAroundTensor);
        int leastSlots = Math.Min(sizes.ExpertCount, config.ExpertsPerToken + 2);
        long least = program + dense + cache + reserve.OtherBytes + Working(rows ?? LeastRows) + (leastSlots * sizes.SlotBytes);
        if (budget is not { } bytes || bytes >= whole.TotalBytes) return whole with { LeastBytes = Math.Min(least, whole.TotalBytes) };
        if (bytes < least) throw new ArgumentException(TooSmall(bytes, least, dense, context, reserve.Sessions));

        long left = bytes - program - dense - cache - reserve.OtherBytes;
        int chosen = rows ?? LeastRows;
        for (int more = chosen * 2; rows is null && more <= Math.Min(MostRows, context) && Working(more) <= left / WorkingShare; more *= 2) chosen = more;
        return whole with
        {
            IsStreaming = true,
            ResidentWeightBytes = dense,
            Rows = chosen,
            WorkingBytes = Working(chosen),
            Slots = (int)Math.Min(sizes.ExpertCount, (left - Working(chosen)) / sizes.SlotBytes),
            LeastBytes = least,
        };
    }

    /// <summary>Bytes that the caches of a session of some length take, rings and whole pages included (architecture specification, section 10.1).</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tokens">Length of the session.</param>
    /// <param name="format">How entries are stored; null for 32 bits, the most.</param>
    public static long SessionBytes(V4Config config, int tokens, CacheFormat? format = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        const int spare = Caches.V4Session.RollbackReach, page = Compute.Memory.PagedRows.RowsPerPage;
        (double main, double index) = format is null ? (sizeof(float) * config.HeadDim, sizeof(float) * config.IndexHeadDim) : (format.MainEntry, format.IndexEntry);
        double bytes = 0;
        for (int layer = 0; layer < config.LayerCount + Math.Sign(config.MtpLayerCount); layer++)
        {
            int ratio = layer < config.LayerCount ? config.RatioOf(layer) : 0;
            bytes += (double)(config.Window + spare) * config.HeadDim * sizeof(float);
            if (ratio == 0) continue;
            bool isCsa = ratio == V4Config.CsaRatio;
            long width = config.HeadDim + (isCsa ? config.IndexHeadDim : 0), reach = isCsa ? 2 * ratio : ratio;
            bytes += (2.0 * (reach + spare) * width * (isCsa ? 2 : 1) * sizeof(float)) + (((tokens / ratio / page) + 1) * page * (main + (isCsa ? index : 0)));
        }

        return (long)bytes;
    }

    /// <summary>Bytes of scratch that a forward takes at most: activations, lists of keys, and rows that wait to become part of the caches.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="rows">Rows of the forward.</param>
    /// <param name="context">Tokens that a session holds at most.</param>
    /// <param name="sessions">Sessions; each has a row of logits.</param>
    /// <param name="logitRows">Rows of logits at once, when every row gives them in slices; null when only each session's last does.</param>
    public static long ForwardBytes(V4Config config, int rows, int context, int sessions, int? logitRows = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        long hidden = config.HiddenSize, streams = hidden * config.HyperStreams, heads = (long)config.HeadCount * config.HeadDim, latent = (long)config.OutputGroups * config.OutputRank;
        long index = (long)config.IndexHeadCount * config.IndexHeadDim;

        // Streams, embedded, mixed, half's output, rounded inputs, queries and heads, raw rows of compressors, router, one expert's rows.
        long perRow = streams + (3 * hidden) + (2 * hidden) + (3L * config.QueryRank) + heads + Math.Max(heads, streams) + latent + (9L * config.HeadDim) + (8L * config.IndexHeadDim) + index
            + config.IndexHeadCount + config.ExpertCount + (2 * hidden) + (2L * config.ExpertWidth) + (4L * config.RotaryDim) + (config.HyperStreams * (1L + config.HyperStreams));

        // Inputs as integers, two bytes each with their scales; the addresses of a row's keys, in lists that double; picked entries.
        perRow += (Math.Max(heads, streams) * 5 / 8) + (config.Window + Math.Max(config.IndexTopK, context / 128)) * 4L + config.IndexTopK + (8L * config.ExpertsPerToken);
        long scores = Math.Min(16L << 20, (long)rows * context / V4Config.CsaRatio);
        long staged = 2 * SessionBytes(config, 0) / sizeof(float) * Math.Min(sessions, rows);
        long slice = logitRows ?? sessions, inputs = logitRows is null ? sessions : rows;
        return ((rows * perRow) + scores + staged + (slice * (config.VocabularySize + streams)) + (inputs * hidden)) * sizeof(float);
    }

    private static void Check(MemoryReserve reserve, int? rows)
    {
        if (reserve.ContextTokens is < 1) throw new ArgumentException($"{nameof(MemoryReserve.ContextTokens)} must be at least 1, not {reserve.ContextTokens}.");
        if (reserve.Sessions < 1) throw new ArgumentException($"{nameof(MemoryReserve.Sessions)} must be at least 1, not {reserve.Sessions}.");
        if (reserve.KeptSessions < 0) throw new ArgumentException($"{nameof(MemoryReserve.KeptSessions)} must not be negative, but is {reserve.KeptSessions}.");
        if (reserve.LogitRows is < 1) throw new ArgumentException($"{nameof(MemoryReserve.LogitRows)} must be at least 1, not {reserve.LogitRows}.");
        if (reserve.OtherBytes < 0) throw new ArgumentException($"{nameof(MemoryReserve.OtherBytes)} must not be negative, but is {reserve.OtherBytes}.");
        if (rows is < 1) throw new ArgumentException($"{nameof(V4ModelOptions.MaxBatchRows)} must be at least 1, not {rows}.");
    }

    private static string TooSmall(long budget, long least, long dense, int context, int sessions) => string.Create(
        CultureInfo.InvariantCulture,
        $"A memory budget of {MemorySize.Format(budget)} is too small for this model: {MemorySize.Format(least, isRoundedUp: true)} is the least that works, of which {MemorySize.Format(dense)} are weights that every token needs; give more, or lower the context ({context:n0} tokens, sessions: {sessions}).");
}
