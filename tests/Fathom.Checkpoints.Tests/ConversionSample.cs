using Fathom.Checkpoints.Conversion;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Tests;

/// <summary>A small random model whose rows are whole blocks, and what conversions of it say.</summary>
internal static class ConversionSample
{
    public static Checkpoint Synthesize(string path, params int[] layers)
    {
        SyntheticCheckpoint.Write(path, new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = layers.Length > 0 ? layers : [0, 4], ExpertWidth = 256, Vocabulary = 300, HasMultiTokenPrediction = false });
        return Checkpoint.Open(path);
    }

    public static GgufVocabulary Vocabulary(V4Config config) =>
        new([.. Enumerable.Range(0, config.VocabularySize).Select(id => $"t{id}")], [.. Enumerable.Repeat(1L, config.VocabularySize)], ["a b"], "test") { Json = "{}", HasDraftBlockKeys = config.HasDraftBlockKeys };

    /// <summary>Converts to GGUF, or quantises when there is a format.</summary>
    public static ConversionResult ToGguf(Checkpoint source, string path, GgufOptions? options = null, Reports? reports = null) => options is QuantizationOptions quantization
        ? Quantization.Write(source, path, source.Vocabulary ?? Vocabulary(source.Config), quantization, reports, reports, reports?.Stop.Token ?? TestContext.Current.CancellationToken)
        : GgufConversion.Write(source, path, source.Vocabulary ?? Vocabulary(source.Config), options, reports, reports, reports?.Stop.Token ?? TestContext.Current.CancellationToken);

    /// <summary>Converts to a folder of shards of 200 kB, or of others.</summary>
    public static ConversionResult ToFolder(Checkpoint source, string path, bool mayReplace = false, Reports? reports = null, long shardBytes = 200_000) =>
        FolderConversion.Write(source, path, "{}", mayReplace, shardBytes, reports, reports, reports?.Stop.Token ?? TestContext.Current.CancellationToken);

    /// <summary>The bytes of a file, or of all files in a folder under their names.</summary>
    public static SortedDictionary<string, byte[]> Bytes(string path) => new(
        File.Exists(path) ? new Dictionary<string, byte[]> { [string.Empty] = File.ReadAllBytes(path) } : Directory.EnumerateFiles(path).ToDictionary(file => Path.GetFileName(file)!, File.ReadAllBytes),
        StringComparer.Ordinal);

    /// <summary>Keeps what a conversion reports; does something as soon as a share is reached.</summary>
    internal sealed class Reports(double share = 2, Action<Reports>? then = null) : IProgress<double>, IProgress<string>
    {
        private bool isReached;

        public CancellationTokenSource Stop { get; } = new();

        public List<double> Shares { get; } = [];

        public List<string> News { get; } = [];

        public void Report(double value)
        {
            Shares.Add(value);
            if (value < share || isReached) return;
            isReached = true;
            (then ?? (reports => reports.Stop.Cancel()))(this);
        }

        public void Report(string value) => News.Add(value);
    }
}
