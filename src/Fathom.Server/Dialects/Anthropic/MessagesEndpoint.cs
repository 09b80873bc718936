using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Requests;
using Fathom.Server.Streams;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Dialects.Anthropic;

/// <summary>POST /v1/messages and /v1/messages/count_tokens.</summary>
internal sealed class MessagesEndpoint(AnswerService service)
{
    /// <summary>Answers.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        ChatCall call = MessagesRequest.Read(await service.ReadBodyAsync(context).ConfigureAwait(false), service.Requests);
        await service.RunAsync(context, Dialect.Anthropic, call, answers => call.Streams
            ? new MessageStreamWriter(context, call, answers[0].PromptTokens.Count)
            : new WholeWriter(context, Dialect.Anthropic, (completed, _) => Whole(call, completed[0]))).ConfigureAwait(false);
    }

    /// <summary>Counts the tokens of a prompt by the real encoder; the engine does nothing.</summary>
    public async Task CountAsync(HttpContext context)
    {
        ChatCall call = MessagesRequest.Read(await service.ReadBodyAsync(context).ConfigureAwait(false), service.Requests);
        int tokens = service.Model.Tokenizer.Encode(service.Render(context, call).Spans).Length;
        await context.Response.WriteAsJsonAsync(new JsonObject { ["input_tokens"] = tokens }, context.RequestAborted).ConfigureAwait(false);
    }

    private static JsonObject Whole(ChatCall call, GenerationCompleted completed)
    {
        JsonObject body = MessageBodies.Head(RequestIds.New("msg_"), call.Model, MessageBodies.Usage(completed.Usage));
        body["content"] = MessageBodies.Blocks(completed.Message);
        body["stop_reason"] = MessageBodies.StopReason(completed);
        body["stop_sequence"] = completed.StopText;
        return body;
    }
}
