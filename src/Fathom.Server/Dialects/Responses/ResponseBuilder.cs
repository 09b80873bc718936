using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Dialects.OpenAI;
using Fathom.Server.Requests;
using Fathom.Server.Streams;
using Fathom.Text;

namespace Fathom.Server.Dialects.Responses;

/// <summary>Turns what happens into items and the events of a stream (interface specification, section 4.3). A whole answer is made from the same items.</summary>
/// <param name="call">The request.</param>
/// <param name="tokenizer">For log-probabilities.</param>
/// <param name="emit">Receives each event: its type and its fields.</param>
internal sealed class ResponseBuilder(ChatCall call, Tokenizer tokenizer, Func<string, JsonObject, Task> emit)
{
    private readonly List<ResponseItem> items = [];
    private readonly PickedTokens picked = new();
    private ResponseItem? open;

    /// <summary>The finished items as JSON.</summary>
    public IEnumerable<JsonObject> Output(bool isCut) =>
        items.Select((item, i) => item.ToJson(isCut && i == items.Count - 1 ? "incomplete" : "completed", call.WantsSummary));

    /// <summary>Takes in what happened.</summary>
    public async Task ReadAsync(CompletionEvent happened)
    {
        picked.Read(happened);
        switch (happened)
        {
            case ReasoningDelta delta:
                await OpenAsync("reasoning").ConfigureAwait(false);
                open!.Text.Append(delta.Text);
                await DeltaAsync(call.WantsSummary ? "response.reasoning_summary_text.delta" : "response.reasoning_text.delta", delta.Text).ConfigureAwait(false);
                break;
            case ContentDelta delta:
                await OpenAsync("message").ConfigureAwait(false);
                open!.Text.Append(delta.Text);
                int known = open.Logprobs.Count;
                open.Logprobs.AddRange(picked.Take().Where(token => !token.IsReasoning).Select(token => Logprobs.Of(token, tokenizer)));
                await DeltaAsync("response.output_text.delta", delta.Text, open.ProbabilitiesFrom(known)).ConfigureAwait(false);
                break;
            case ToolCallStarted started:
                await CloseAsync("completed").ConfigureAwait(false);
                ToolKind? kind = call.ToolKinds.GetValueOrDefault(started.Name);
                await OpenAsync(new ResponseItem("call", items.Count, kind) { CallId = started.Id, Name = kind?.Name ?? started.Name }).ConfigureAwait(false);
                break;
            case ToolCallArgumentsDelta delta:
                open!.Text.Append(delta.Json);
                if (open.Tool?.Type is null or "namespace") await EmitAsync("response.function_call_arguments.delta", new JsonObject { ["delta"] = delta.Json }).ConfigureAwait(false);
                break;
            case ToolCallCompleted:
                await CloseAsync("completed").ConfigureAwait(false);
                break;
            case GenerationCompleted completed:
                await CloseAsync(completed.FinishReason == FinishReason.Length ? "incomplete" : "completed").ConfigureAwait(false);
                break;
        }
    }

    private async Task OpenAsync(string kind)
    {
        if (open?.Kind == kind) return;
        await CloseAsync("completed").ConfigureAwait(false);
        await OpenAsync(new ResponseItem(kind, items.Count)).ConfigureAwait(false);
        if (kind == "reasoning" && call.WantsSummary) await EmitAsync("response.reasoning_summary_part.added", new JsonObject { ["summary_index"] = 0, ["part"] = Summary(string.Empty) }).ConfigureAwait(false);
        else await EmitAsync("response.content_part.added", new JsonObject { ["content_index"] = 0, ["part"] = open!.Part(string.Empty) }).ConfigureAwait(false);
    }

    private async Task OpenAsync(ResponseItem item)
    {
        open = item;
        items.Add(item);
        await emit("response.output_item.added", new JsonObject { ["output_index"] = item.Index, ["item"] = item.ToJson("in_progress", call.WantsSummary) }).ConfigureAwait(false);
    }

    private async Task CloseAsync(string status)
    {
        if (open is not { } item) return;
        string text = item.Text.ToString();
        switch (item.Kind)
        {
            case "reasoning" when call.WantsSummary:
                await EmitAsync("response.reasoning_summary_text.done", new JsonObject { ["summary_index"] = 0, ["text"] = text }).ConfigureAwait(false);
                await EmitAsync("response.reasoning_summary_part.done", new JsonObject { ["summary_index"] = 0, ["part"] = Summary(text) }).ConfigureAwait(false);
                break;
            case "reasoning":
                await EmitAsync("response.reasoning_text.done", new JsonObject { ["content_index"] = 0, ["text"] = text }).ConfigureAwait(false);
                await EmitAsync("response.content_part.done", new JsonObject { ["content_index"] = 0, ["part"] = item.Part(text) }).ConfigureAwait(false);
                break;
            case "message":
                await EmitAsync("response.output_text.done", new JsonObject { ["content_index"] = 0, ["text"] = text, ["logprobs"] = item.ProbabilitiesFrom(0) }).ConfigureAwait(false);
                await EmitAsync("response.content_part.done", new JsonObject { ["content_index"] = 0, ["part"] = item.Part(text) }).ConfigureAwait(false);
                break;
            default:
                await CloseCallAsync(item, text).ConfigureAwait(false);
                break;
        }

        open = null;
        await emit("response.output_item.done", new JsonObject { ["output_index"] = item.Index, ["item"] = item.ToJson(status, call.WantsSummary) }).ConfigureAwait(false);
    }

    private async Task CloseCallAsync(ResponseItem item, string arguments)
    {
        switch (item.Tool?.Type)
        {
            case "custom":
                string text = item.FreeText();
                await EmitAsync("response.custom_tool_call_input.delta", new JsonObject { ["delta"] = text }).ConfigureAwait(false);
                await EmitAsync("response.custom_tool_call_input.done", new JsonObject { ["input"] = text }).ConfigureAwait(false);
                break;
            case null or "namespace":
                await EmitAsync("response.function_call_arguments.done", new JsonObject { ["name"] = item.Name, ["arguments"] = arguments }).ConfigureAwait(false);
                break;
        }
    }

    private Task DeltaAsync(string type, string text, JsonArray? logprobs = null)
    {
        var fields = new JsonObject { ["delta"] = text };
        fields[call.WantsSummary && open!.Kind == "reasoning" ? "summary_index" : "content_index"] = 0;
        if (logprobs is not null) fields["logprobs"] = logprobs;
        return EmitAsync(type, fields);
    }

    private Task EmitAsync(string type, JsonObject fields)
    {
        fields["item_id"] = open!.Id;
        fields["output_index"] = open.Index;
        return emit(type, fields);
    }

    private static JsonObject Summary(string text) => new() { ["type"] = "summary_text", ["text"] = text };
}
