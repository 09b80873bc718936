using System.Globalization;
using System.Text;
using System.Text.Json;
using Fathom.Compute.Cpu;

namespace Fathom.Evaluation.Speed;

/// <summary>Measurements of one model on one machine, as text, JSON and CSV.</summary>
/// <param name="Model">What was measured.</param>
/// <param name="Date">When, in universal time.</param>
/// <param name="Cost">What a token costs in weights.</param>
/// <param name="Peaks">The machine's limits, for each number of threads.</param>
/// <param name="Results">The measurements.</param>
/// <param name="PeakResidentBytes">The largest resident memory of the process, mapped weights included.</param>
public sealed record SpeedReport(string Model, DateTime Date, TokenCost Cost, IReadOnlyList<MachinePeaks> Peaks, IReadOnlyList<SpeedResult> Results, long PeakResidentBytes)
{
    /// <summary>The report as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Format);

    /// <summary>Reads a report.</summary>
    /// <exception cref="InvalidDataException">The file is none.</exception>
    public static SpeedReport Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<SpeedReport>(File.ReadAllText(path), ReportJson.Format) is { Results: not null } report ? report : throw new InvalidDataException($"{path} is no report of 'fathom bench'.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is no report of 'fathom bench': {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }

    /// <summary>A line for each measurement, with a header.</summary>
    public string ToCsv()
    {
        bool isStreaming = Results.Any(result => result.Streaming is not null);
        var text = new StringBuilder("kind,depth,threads,tokens_per_second,slowest,fastest,cache_bytes");
        text.Append(isStreaming ? ",hits,prefetched,misses,bytes_read,bytes_per_token,stall_seconds,read_seconds\n" : "\n");
        foreach (SpeedResult r in Results)
        {
            text.Append(CultureInfo.InvariantCulture, $"{(r.Kind == SpeedKind.Prefill ? "prefill" : "decode")},{r.Depth},{r.Threads},{r.TokensPerSecond:0.###},{r.Slowest:0.###},{r.Fastest:0.###},{r.CacheBytes}");
            if (r.Streaming is { } s) text.Append(CultureInfo.InvariantCulture, $",{s.Hits},{s.Prefetched},{s.Misses},{s.BytesRead},{s.BytesPerToken:0},{s.StallTime.TotalSeconds:0.###},{s.ReadTime.TotalSeconds:0.###}");
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The report as Markdown.</summary>
    /// <param name="before">An earlier report to set beside it.</param>
    public string ToMarkdown(SpeedReport? before = null)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Model}: a token reads {Cost.WeightBytes / 1e9:0.000} GB of weights and takes {2e-9 * Cost.Weights:0.000} G operations, attention apart. Resident at most {PeakResidentBytes / 1e9:0.0} GB.\n\n");
        foreach (MachinePeaks peaks in Peaks)
            text.Append(CultureInfo.InvariantCulture, $"{peaks.Threads} thread{(peaks.Threads == 1 ? string.Empty : "s")} of this machine: reads {peaks.BytesPerSecond / 1e9:0.0} GB/s, {peaks.FloatOperationsPerSecond / 1e9:0} G operations/s in 32 bits{(peaks.ByteOperationsPerSecond > 0 ? string.Create(CultureInfo.InvariantCulture, $", {peaks.ByteOperationsPerSecond / 1e9:0} in 8 bits") : string.Empty)}. Shares are of the 32-bit figure. Integer products: {CpuDevice.FastProducts}.\n");
        text.Append("\n| | tokens | threads | tokens/s (median) | slowest to fastest | GB/s of weights | of the machine's | G operations/s | of the machine's |");
        text.Append(before is null ? "\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n" : " against before |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (SpeedResult result in Results) Row(text, result, before);
        if (Results.Any(result => result.Streaming is not null)) StreamingTable(text);
        return text.ToString();
    }

    private void StreamingTable(StringBuilder text)
    {
        text.Append("\nExperts came from disk:\n\n| | tokens | threads | in memory | of the others, read ahead | MB read a token | GB/s while reading | waited of the time |\n|---|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (SpeedResult r in Results)
        {
            if (r.Streaming is not { } s) continue;
            double seconds = s.Tokens / r.TokensPerSecond, reading = s.ReadTime.TotalSeconds;
            text.Append(CultureInfo.InvariantCulture, $"| {NameOf(r.Kind)} | {r.Depth:n0} | {r.Threads} | {100 * s.HitRate:0.0} % | {100 * s.PrefetchCoverage:0.0} % | {s.BytesPerToken / 1e6:0.0} | {(reading > 0 ? s.BytesRead / reading / 1e9 : 0):0.00} | {100 * s.StallTime.TotalSeconds / seconds:0} % |\n");
        }
    }

    private static string NameOf(SpeedKind kind) => kind == SpeedKind.Prefill ? "prefill" : "decode after";

    // Every decoded token reads its weights once; a prompt shares them among its tokens, so that only its operations count.
    private void Row(StringBuilder text, SpeedResult r, SpeedReport? before)
    {
        MachinePeaks? peaks = Peaks.FirstOrDefault(peak => peak.Threads == r.Threads);
        double bytes = r.TokensPerSecond * Cost.WeightBytes, operations = r.TokensPerSecond * 2 * Cost.Weights;
        string Share(double value, double? most) => most is { } limit ? string.Create(CultureInfo.InvariantCulture, $"{100 * value / limit:0} %") : string.Empty;
        string read = r.Kind == SpeedKind.Decode ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} | {Share(bytes, peaks?.BytesPerSecond)}") : "|";
        text.Append(CultureInfo.InvariantCulture, $"| {NameOf(r.Kind)} | {r.Depth:n0} | {r.Threads} | {r.TokensPerSecond:0.0} | {r.Slowest:0.0} to {r.Fastest:0.0} | {read} | {operations / 1e9:0} | {Share(operations, peaks?.FloatOperationsPerSecond)} |");
        if (before is not null)
        {
            SpeedResult? other = before.Results.FirstOrDefault(result => (result.Kind, result.Depth, result.Threads) == (r.Kind, r.Depth, r.Threads));
            text.Append(other is null ? " |" : string.Create(CultureInfo.InvariantCulture, $" {r.TokensPerSecond / other.TokensPerSecond:0.00} times |"));
        }

        text.Append('\n');
    }
}
