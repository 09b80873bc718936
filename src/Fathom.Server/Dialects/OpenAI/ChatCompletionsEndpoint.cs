using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Requests;
using Fathom.Server.Streams;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Dialects.OpenAI;

/// <summary>POST /v1/chat/completions.</summary>
internal sealed class ChatCompletionsEndpoint(AnswerService service)
{
    /// <summary>Answers.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        ChatCall call = ChatCompletionsRequest.Read(await service.ReadBodyAsync(context).ConfigureAwait(false), service.Requests);
        var head = ChatAnswerHead.New(call.Model, service.Model);
        IAnswerWriter writer = call.Streams
            ? new ChatStreamWriter(context, call, head, service.Model.Tokenizer)
            : new WholeWriter(context, Dialect.OpenAI, (completed, sampled) => Whole(call, head, completed, sampled), call.Count);
        await service.RunAsync(context, Dialect.OpenAI, call, _ => writer).ConfigureAwait(false);
    }

    private JsonObject Whole(ChatCall call, ChatAnswerHead head, IReadOnlyList<GenerationCompleted> completed, IReadOnlyList<IReadOnlyList<TokenSampled>> sampled)
    {
        JsonObject body = head.Body("chat.completion", [.. completed.Select((answer, i) => new JsonObject
        {
            ["index"] = i,
            ["message"] = Message(call, answer),
            ["logprobs"] = call.Options.Generation.LogProbabilities is null ? null : ChatAnswerHead.Logprobs(sampled[i], service.Model.Tokenizer),
            ["finish_reason"] = FinishReasons.Of(answer),
        })]);
        body["usage"] = Usages.Of(completed);
        if (call.IncludesTimings) body["timings"] = Usages.Timings(completed[0]);
        return body;
    }

    private static JsonObject Message(ChatCall call, GenerationCompleted answer)
    {
        ChatMessage message = answer.Message;
        var json = new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = string.IsNullOrEmpty(message.Content) && message.ToolCalls.Count > 0 ? null : message.Content,
            ["refusal"] = null,
            ["annotations"] = new JsonArray(),
        };
        if (call.Options.ThinkingMode == ThinkingMode.Thinking) json["reasoning_content"] = message.ReasoningContent ?? string.Empty;
        if (message.ToolCalls.Count > 0)
        {
            json["tool_calls"] = new JsonArray([.. message.ToolCalls.Select(one => (JsonNode)new JsonObject
            {
                ["id"] = one.Id,
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = one.Name, ["arguments"] = one.Arguments },
            })]);
        }

        return json;
    }
}
