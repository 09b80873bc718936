using System.Text;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Server.Streams;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Dialects.Anthropic;

/// <summary>A message as a stream of events (interface specification, section 5.3): never two open blocks, never a delta outside of one.</summary>
internal sealed class MessageStreamWriter(HttpContext context, ChatCall call, int promptTokens) : IAnswerWriter
{
    private readonly EventStream stream = new(context);
    private readonly StringBuilder reasoning = new();
    private string? open;
    private int index = -1, cachedTokens;
    private bool isBegun;

    public Task StartAsync() => stream.StartAsync();

    public async Task WriteAsync(int choice, CompletionEvent happened)
    {
        switch (happened)
        {
            case PrefillProgress progress:
                cachedTokens = progress.CachedTokens;
                await BeginAsync().ConfigureAwait(false);
                break;
            case ReasoningDelta delta:
                await OpenAsync("thinking", new JsonObject { ["type"] = "thinking", ["thinking"] = string.Empty, ["signature"] = string.Empty }).ConfigureAwait(false);
                reasoning.Append(delta.Text);
                await DeltaAsync(new JsonObject { ["type"] = "thinking_delta", ["thinking"] = delta.Text }).ConfigureAwait(false);
                break;
            case ContentDelta delta:
                await OpenAsync("text", new JsonObject { ["type"] = "text", ["text"] = string.Empty }).ConfigureAwait(false);
                await DeltaAsync(new JsonObject { ["type"] = "text_delta", ["text"] = delta.Text }).ConfigureAwait(false);
                break;
            case ToolCallStarted started:
                await CloseAsync().ConfigureAwait(false);
                await OpenAsync("tool_use", new JsonObject { ["type"] = "tool_use", ["id"] = started.Id, ["name"] = started.Name, ["input"] = new JsonObject() }).ConfigureAwait(false);
                break;
            case ToolCallArgumentsDelta delta:
                await DeltaAsync(new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = delta.Json }).ConfigureAwait(false);
                break;
            case GenerationCompleted completed:
                await EndAsync(completed).ConfigureAwait(false);
                break;
        }
    }

    public Task BeatAsync() => stream.SendAsync(new JsonObject { ["type"] = "ping" }, "ping");

    public Task EndAsync(IReadOnlyList<GenerationCompleted> completed) => Task.CompletedTask;

    public Task FailAsync(ApiException error) => stream.SendAsync(ErrorBodies.Body(error, Dialect.Anthropic, RequestIds.Of(context)), "error");

    private async Task EndAsync(GenerationCompleted completed)
    {
        await BeginAsync().ConfigureAwait(false);
        if (index < 0) await OpenAsync("text", new JsonObject { ["type"] = "text", ["text"] = string.Empty }).ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
        await stream.SendAsync(new JsonObject
        {
            ["type"] = "message_delta",
            ["delta"] = new JsonObject { ["stop_reason"] = MessageBodies.StopReason(completed), ["stop_sequence"] = completed.StopText },
            ["usage"] = MessageBodies.Usage(completed.Usage),
        }, "message_delta").ConfigureAwait(false);
        await stream.SendAsync(new JsonObject { ["type"] = "message_stop" }, "message_stop").ConfigureAwait(false);
    }

    // Clients count their context from the first event.
    private async Task BeginAsync()
    {
        if (isBegun) return;
        isBegun = true;
        JsonObject message = MessageBodies.Head(RequestIds.New("msg_"), call.Model, MessageBodies.Usage(promptTokens, cachedTokens, 0, 0));
        await stream.SendAsync(new JsonObject { ["type"] = "message_start", ["message"] = message }, "message_start").ConfigureAwait(false);
        await stream.SendAsync(new JsonObject { ["type"] = "ping" }, "ping").ConfigureAwait(false);
    }

    private async Task OpenAsync(string kind, JsonObject block)
    {
        await BeginAsync().ConfigureAwait(false);
        if (open == kind) return;
        await CloseAsync().ConfigureAwait(false);
        open = kind;
        index++;
        await stream.SendAsync(new JsonObject { ["type"] = "content_block_start", ["index"] = index, ["content_block"] = block }, "content_block_start").ConfigureAwait(false);
    }

    private async Task CloseAsync()
    {
        if (open is null) return;
        if (open == "thinking") await DeltaAsync(new JsonObject { ["type"] = "signature_delta", ["signature"] = MessageBodies.Signature(reasoning.ToString()) }).ConfigureAwait(false);
        open = null;
        await stream.SendAsync(new JsonObject { ["type"] = "content_block_stop", ["index"] = index }, "content_block_stop").ConfigureAwait(false);
    }

    private Task DeltaAsync(JsonObject delta) => stream.SendAsync(new JsonObject { ["type"] = "content_block_delta", ["index"] = index, ["delta"] = delta }, "content_block_delta");
}
