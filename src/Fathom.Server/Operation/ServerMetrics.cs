using System.Diagnostics;
using System.Diagnostics.Metrics;
using Fathom.Inference;
using Fathom.Model.Streaming;

namespace Fathom.Server.Operation;

/// <summary>What the server counts and measures, under the meter and the activity source <c>Fathom</c> (interface specification, section 7; names of OpenTelemetry's GenAI conventions where there are any).</summary>
public sealed class ServerMetrics : IDisposable
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "Fathom";

    private readonly Meter meter = new(Name);
    private readonly ActivitySource activities = new(Name);
    private readonly Counter<long> requests, promptTokens, cachedTokens, answerTokens, reasoningTokens, cancelled, movedLines;
    private readonly Histogram<double> timeToFirstToken, timePerToken, queueTime, tokenUsage;
    private readonly Histogram<long> prefillLength, answerLength;

    /// <summary>Begins to count for a model.</summary>
    public ServerMetrics(FathomModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        requests = meter.CreateCounter<long>("fathom.requests", description: "Requests by dialect and result.");
        promptTokens = meter.CreateCounter<long>("fathom.prompt_tokens", description: "Tokens of prompts.");
        cachedTokens = meter.CreateCounter<long>("fathom.cached_tokens", description: "Tokens of prompts that came from a cache, by where from.");
        answerTokens = meter.CreateCounter<long>("fathom.generated_tokens", description: "Tokens of answers.");
        reasoningTokens = meter.CreateCounter<long>("fathom.reasoning_tokens", description: "Tokens of reasoning.");
        cancelled = meter.CreateCounter<long>("fathom.cancelled", description: "Requests whose client went away.");
        movedLines = meter.CreateCounter<long>("fathom.moved_lines", description: "Lines of instructions that change with every request and were moved.");
        timeToFirstToken = meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s", "From the request to the first token.");
        timePerToken = meter.CreateHistogram<double>("gen_ai.server.time_per_output_token", "s", "Between two tokens of an answer.");
        tokenUsage = meter.CreateHistogram<double>("gen_ai.client.token.usage", "{token}", "Tokens of a request.");
        queueTime = meter.CreateHistogram<double>("fathom.queue_time", "s", "How long requests wait.");
        prefillLength = meter.CreateHistogram<long>("fathom.prefill_length", "{token}", "Tokens of prompts that had to be read.");
        answerLength = meter.CreateHistogram<long>("fathom.answer_length", "{token}", "Tokens of answers.");
        meter.CreateObservableGauge("fathom.running", () => model.Status.Running, description: "Answers in the making.");
        meter.CreateObservableGauge("fathom.waiting", () => model.Status.Waiting, description: "Requests that wait.");
        meter.CreateObservableGauge("fathom.batch_size", () => model.Status.LastSequences, description: "Answers in the last step.");
        meter.CreateObservableGauge("fathom.context_tokens", () => model.Status.ContextTokens, description: "Tokens that running answers hold.");
        meter.CreateObservableGauge("fathom.cache_bytes", () => new Measurement<long>[] { new(model.Status.CacheBytes, Tag("tier", "memory")), new(model.Status.FolderBytes, Tag("tier", "disk")) }, "By", "Bytes of kept beginnings.");
        meter.CreateObservableGauge("fathom.cache_entries", () => new Measurement<long>[] { new(model.Status.CacheEntries, Tag("tier", "memory")), new(model.Status.FolderEntries, Tag("tier", "disk")) }, description: "Kept beginnings.");
        meter.CreateObservableCounter("fathom.cache_evictions", () => model.Status.CacheEvictions, description: "Kept beginnings given up for room in memory.");
        if (model.Status.Streaming is not null) CreateStreaming(() => model.Status.Streaming!);
    }

    private void CreateStreaming(Func<ExpertStreamStatistics> now)
    {
        meter.CreateObservableGauge("fathom.expert_slots", () => now().Slots, description: "Experts that fit into the arena.");
        meter.CreateObservableCounter(
            "fathom.experts_needed",
            () => new Measurement<long>[] { new(now().Hits, Tag("found", "memory")), new(now().Prefetched, Tag("found", "ahead")), new(now().Misses, Tag("found", "disk")) },
            description: "Experts that layers needed, by where they were: in memory, on their way already, or on disk.");
        meter.CreateObservableCounter("fathom.experts_unneeded", () => now().Unneeded, description: "Experts that were read ahead and then not needed.");
        meter.CreateObservableCounter("fathom.expert_bytes_read", () => now().BytesRead, "By", "Bytes of experts read from disk.");
        meter.CreateObservableCounter("fathom.expert_stall_time", () => now().StallTime.TotalSeconds, "s", "How long forwards waited for experts.");
        meter.CreateObservableCounter("fathom.expert_read_errors", () => now().ReadErrors, description: "Reads of experts that failed.");
    }

    /// <summary>Ends the counting.</summary>
    public void Dispose()
    {
        meter.Dispose();
        activities.Dispose();
    }

    internal Activity? StartActivity(Dialect dialect, string model)
    {
        Activity? activity = activities.StartActivity($"chat {model}", ActivityKind.Server);
        activity?.SetTag("gen_ai.operation.name", "chat");
        activity?.SetTag("gen_ai.provider.name", "fathom");
        activity?.SetTag("gen_ai.request.model", model);
        activity?.SetTag("fathom.dialect", Word(dialect));
        return activity;
    }

    internal void Answered(Dialect dialect, IReadOnlyList<GenerationCompleted> completed, Activity? activity)
    {
        Usage first = completed[0].Usage;
        requests.Add(1, Tag("dialect", Word(dialect)), Tag("result", "ok"));
        promptTokens.Add(first.PromptTokens);
        if (first.CachedTokens > 0) cachedTokens.Add(first.CachedTokens, Tag("tier", first.CacheSource.ToString().ToLowerInvariant()));
        tokenUsage.Record(first.PromptTokens, Tag("gen_ai.token.type", "input"));
        foreach (GenerationCompleted answer in completed)
        {
            answerTokens.Add(answer.Usage.SampledTokens);
            reasoningTokens.Add(answer.Usage.ReasoningTokens);
            tokenUsage.Record(answer.Usage.SampledTokens, Tag("gen_ai.token.type", "output"));
            queueTime.Record(answer.Timings.Queue.TotalSeconds);
            timeToFirstToken.Record((answer.Timings.Queue + answer.Timings.Prefill).TotalSeconds);
            if (answer.Timings.DecodeTokens > 0) timePerToken.Record(answer.Timings.Decode.TotalSeconds / answer.Timings.DecodeTokens);
            prefillLength.Record(answer.Timings.PrefillTokens);
            answerLength.Record(answer.Usage.SampledTokens);
        }

        activity?.SetTag("gen_ai.usage.input_tokens", first.PromptTokens);
        activity?.SetTag("gen_ai.usage.output_tokens", completed.Sum(answer => answer.Usage.SampledTokens));
        activity?.SetTag("fathom.cached_tokens", first.CachedTokens);
        activity?.SetTag("fathom.queue_seconds", completed[0].Timings.Queue.TotalSeconds);
        activity?.SetTag("fathom.time_to_first_token_seconds", (completed[0].Timings.Queue + completed[0].Timings.Prefill).TotalSeconds);
    }

    internal void Refused(Dialect dialect, int status) => requests.Add(1, Tag("dialect", Word(dialect)), Tag("result", status.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    internal void Cancelled() => cancelled.Add(1);

    internal void MovedLines(int lines)
    {
        if (lines > 0) movedLines.Add(lines);
    }

    private static string Word(Dialect dialect) => dialect == Dialect.Anthropic ? "anthropic" : "openai";

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
