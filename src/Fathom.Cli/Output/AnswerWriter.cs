using System.Globalization;
using Fathom.Inference;
using Fathom.Model.Streaming;
using Fathom.Text;

namespace Fathom.Cli.Output;

/// <summary>Shows an answer while it is written: content on stdout; reasoning dimmed, and only on a terminal.</summary>
/// <param name="output">Where the answer goes.</param>
/// <param name="isTerminal">Whether a person reads it there.</param>
/// <param name="status">Shows the progress of the prefill.</param>
internal sealed class AnswerWriter(TextWriter output, bool isTerminal, StatusLine status)
{
    private const string Dim = "\u001b[2m";
    private const string Plain = "\u001b[0m";

    private bool isDim;
    private bool endsLine = true;

    /// <summary>Shows one event; returns the last one of an answer.</summary>
    public GenerationCompleted? Show(CompletionEvent happened)
    {
        switch (happened)
        {
            case PrefillProgress progress when progress.DoneTokens < progress.TotalTokens:
                status.Show(string.Create(CultureInfo.InvariantCulture, $"reading the prompt: {progress.DoneTokens:n0} of {progress.TotalTokens:n0} tokens"));
                break;
            case ReasoningDelta delta when isTerminal:
                Write(delta.Text, dim: true);
                break;
            case ContentDelta delta:
                Write(delta.Text, dim: false);
                break;
            case ToolCallCompleted call:
                Write($"{(endsLine ? string.Empty : "\n")}[tool call {call.Call.Name} {call.Call.Arguments}]\n", dim: false);
                break;
            case GenerationCompleted completed:
                End();
                return completed;
        }

        return null;
    }

    /// <summary>Ends the answer, whole or stopped, on a line of its own.</summary>
    public void End()
    {
        status.Clear();
        Style(dim: false);
        if (!endsLine) output.WriteLine();
        endsLine = true;
        output.Flush();
    }

    /// <summary>One line about tokens and speed.</summary>
    public static string Speed(GenerationCompleted completed)
    {
        Usage usage = completed.Usage;
        Timings timings = completed.Timings;
        string cached = usage.CachedTokens > 0 ? $" ({usage.CachedTokens} cached)" : string.Empty;
        string decode = timings.DecodeTokens > 0 ? string.Create(CultureInfo.InvariantCulture, $" in {timings.Decode.TotalSeconds:f2} s, {timings.DecodeRate:f1} tokens/s") : string.Empty;
        string end = completed.FinishReason == FinishReason.Length ? "; cut at the limit of tokens" : string.Empty;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"prompt {usage.PromptTokens} tokens{cached} in {timings.Prefill.TotalSeconds:f2} s, {timings.PrefillRate:f1} tokens/s; answer {usage.CompletionTokens} tokens{decode}{end}");
    }

    /// <summary>One line about experts that came from disk.</summary>
    public static string Experts(ExpertStreamStatistics experts) => string.Create(
        CultureInfo.InvariantCulture,
        $"experts: {experts.HitRate:p1} were in memory, {experts.PrefetchCoverage:p1} of the others on their way; {experts.BytesRead / 1e9:f2} GB read, {experts.BytesPerToken / 1e6:f0} MB a token; waited {experts.StallTime.TotalSeconds:f2} s");

    private void Write(string text, bool dim)
    {
        status.Clear();
        if (dim != isDim && !endsLine) output.Write(dim ? string.Empty : "\n\n");
        Style(dim);
        output.Write(isTerminal ? TerminalText.Clean(text) : text);
        output.Flush();
        endsLine = text.EndsWith('\n');
    }

    private void Style(bool dim)
    {
        if (dim == isDim) return;
        isDim = dim;
        output.Write(dim ? Dim : Plain);
    }
}
