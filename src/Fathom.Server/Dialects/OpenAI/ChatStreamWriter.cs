using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Server.Streams;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Dialects.OpenAI;

/// <summary>A chat completion as a stream of chunks (interface specification, section 2.3).</summary>
internal sealed class ChatStreamWriter(HttpContext context, ChatCall call, ChatAnswerHead head, Tokenizer tokenizer) : IAnswerWriter
{
    private readonly EventStream stream = new(context);
    private readonly PickedTokens[] picked = [.. Enumerable.Range(0, call.Count).Select(_ => new PickedTokens())];

    public async Task StartAsync()
    {
        await stream.StartAsync().ConfigureAwait(false);
        for (int choice = 0; choice < call.Count; choice++) await SendAsync(choice, new JsonObject { ["role"] = "assistant", ["content"] = string.Empty }).ConfigureAwait(false);
    }

    public async Task WriteAsync(int choice, CompletionEvent happened)
    {
        picked[choice].Read(happened);
        switch (happened)
        {
            case PrefillProgress progress when call.TellsProgress:
                JsonObject chunk = head.Chunk([]);
                chunk["prompt_progress"] = new JsonObject { ["total"] = progress.TotalTokens, ["cache"] = progress.CachedTokens, ["processed"] = progress.DoneTokens };
                await stream.SendAsync(chunk).ConfigureAwait(false);
                break;
            case ReasoningDelta delta:
                await SendAsync(choice, new JsonObject { ["reasoning_content"] = delta.Text }).ConfigureAwait(false);
                break;
            case ContentDelta delta:
                await SendAsync(choice, new JsonObject { ["content"] = delta.Text }).ConfigureAwait(false);
                break;
            case ToolCallStarted started:
                await SendCallAsync(choice, new JsonObject
                {
                    ["index"] = started.Index,
                    ["id"] = started.Id,
                    ["type"] = "function",
                    ["function"] = new JsonObject { ["name"] = started.Name, ["arguments"] = string.Empty },
                }).ConfigureAwait(false);
                break;
            case ToolCallArgumentsDelta delta:
                await SendCallAsync(choice, new JsonObject { ["index"] = delta.Index, ["function"] = new JsonObject { ["arguments"] = delta.Json } }).ConfigureAwait(false);
                break;
            case GenerationCompleted completed:
                await SendEndAsync(choice, completed).ConfigureAwait(false);
                break;
        }
    }

    public Task BeatAsync() => stream.SendCommentAsync("keep-alive");

    public async Task EndAsync(IReadOnlyList<GenerationCompleted> completed)
    {
        if (call.IncludesUsage)
        {
            JsonObject last = head.Chunk([]);
            last["usage"] = Usages.Of(completed);
            if (call.IncludesTimings) last["timings"] = Usages.Timings(completed[0]);
            await stream.SendAsync(last).ConfigureAwait(false);
        }

        await stream.SendDoneAsync().ConfigureAwait(false);
    }

    public Task FailAsync(ApiException error) => stream.SendAsync(ErrorBodies.Body(error, Dialect.OpenAI, RequestIds.Of(context)));

    private async Task SendEndAsync(int choice, GenerationCompleted completed)
    {
        JsonObject chunk = head.Chunk([Choice(choice, [], FinishReasons.Of(completed))]);

        // DeepSeek's habit, harmless to others: who asked for no chunk of its own finds the counts here.
        if (call.IncludesUsage) chunk["usage"] = null;
        else if (call.Count == 1) chunk["usage"] = Usages.Of([completed]);
        if (call.IncludesTimings && !call.IncludesUsage) chunk["timings"] = Usages.Timings(completed);
        await stream.SendAsync(chunk).ConfigureAwait(false);
    }

    private Task SendCallAsync(int choice, JsonObject one) => SendAsync(choice, new JsonObject { ["tool_calls"] = new JsonArray(one) });

    private Task SendAsync(int choice, JsonObject delta)
    {
        JsonObject chunk = head.Chunk([Choice(choice, delta, null)]);
        if (call.IncludesUsage) chunk["usage"] = null;
        return stream.SendAsync(chunk);
    }

    private JsonObject Choice(int choice, JsonObject delta, string? finishReason)
    {
        JsonNode? logprobs = call.Options.Generation.LogProbabilities is null ? null : ChatAnswerHead.Logprobs(picked[choice].Take(), tokenizer);
        return new JsonObject { ["index"] = choice, ["delta"] = delta, ["logprobs"] = logprobs, ["finish_reason"] = finishReason };
    }
}
