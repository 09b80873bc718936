using System.Diagnostics;
using System.Globalization;
using Fathom.Documents;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Text;

namespace Fathom.Cli.Ask;

/// <summary>Says how long the documents will take to read: from what the cache folder holds, and from a quick measurement with the beginning of the first prompt.</summary>
internal static class ReadingTime
{
    /// <summary>Fewer tokens are not worth measuring.</summary>
    private const int WorthMeasuring = 4_096;

    private const int FirstRows = 32;
    private const int MostRows = 1_024;
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(150);

    /// <summary>The time in a sentence; null when there is too little to read.</summary>
    public static string? Estimate(FathomModel model, ChatOptions options, PromptPlan plan, CancellationToken cancellation)
    {
        long tokens = plan.Parts.Sum(part => (long)part.Tokens);
        if (tokens < WorthMeasuring) return null;
        ChatMessage user = ChatMessage.Of("user", plan.Parts[0].Text);
        ChatMessage[] messages = options.System is null ? [user] : [ChatMessage.Of("system", options.System), user];
        int kept = model.KeptTokens(messages, options);
        string known = kept == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"the cache folder holds {kept:n0} of these tokens; ");
        long left = Math.Max(0, tokens - kept);
        if (left < WorthMeasuring) return kept == 0 ? null : $"{known}the answer begins at once.";
        double rate = Rate(model, plan.Parts[0].Text, cancellation);
        return string.Create(CultureInfo.InvariantCulture, $"{known}reading {(kept == 0 ? "them" : "the others")} takes about {Words(TimeSpan.FromSeconds(left / rate))} ({rate:n0} tokens/s with a short prompt).");
    }

    private static double Rate(FathomModel model, string text, CancellationToken cancellation)
    {
        int[] tokens = model.Tokenizer.Encode(text[..Math.Min(text.Length, MostRows * 8)], matchAddedTokens: false);
        double rate = 1;
        for (int rows = FirstRows; rows <= Math.Min(MostRows, tokens.Length); rows *= 2)
        {
            using ISession session = model.Model.CreateSession();
            var time = Stopwatch.StartNew();
            model.Model.Read(session, tokens.AsMemory(0, rows), cancellation);
            rate = rows / time.Elapsed.TotalSeconds;
            if (time.Elapsed > Enough) break;
        }

        return rate;
    }

    private static string Words(TimeSpan time) => time.TotalSeconds switch
    {
        < 90 => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, time.TotalSeconds):0} s"),
        < 5_400 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.0} h"),
    };
}
