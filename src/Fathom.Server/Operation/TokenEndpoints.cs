using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Server.Dialects.OpenAI;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Operation;

/// <summary>Tokens and prompts, in the spellings of llama.cpp and vLLM (interface specification, section 7).</summary>
internal sealed class TokenEndpoints(AnswerService service)
{
    private Tokenizer Tokenizer => service.Model.Tokenizer;

    /// <summary>POST /tokenize.</summary>
    public async Task TokenizeAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        JsonObject body;
        if (fields.Text("content") is { } content)
        {
            int[] tokens = Tokenizer.Encode(fields.Flag("add_special") == true ? Markup.Bos + content : content, matchAddedTokens: fields.Flag("parse_special") ?? true);
            body = new JsonObject { ["tokens"] = new JsonArray([.. tokens.Select(id => fields.Flag("with_pieces") == true ? (JsonNode)Piece(id) : id)]) };
        }
        else
        {
            int[] tokens = fields.Any("messages") is not null
                ? Tokenizer.Encode(Render(context, fields))
                : Tokenizer.Encode(fields.Flag("add_special_tokens") == false ? fields.Text("prompt") ?? throw Missing() : Markup.Bos + (fields.Text("prompt") ?? throw Missing()), matchAddedTokens: true);
            body = new JsonObject
            {
                ["count"] = tokens.Length,
                ["max_model_len"] = service.Model.ContextLength,
                ["tokens"] = new JsonArray([.. tokens.Select(id => (JsonNode)id)]),
                ["token_strs"] = fields.Flag("return_token_strs") == true ? new JsonArray([.. tokens.Select(id => (JsonNode)Encoding.UTF8.GetString(Tokenizer.BytesOf(id)))]) : null,
            };
        }

        await context.Response.WriteAsJsonAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>POST /detokenize.</summary>
    public async Task DetokenizeAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        JsonElement list = fields.Array("tokens") ?? throw ApiException.BadField("tokens", "'tokens' is missing; send an array of token ids.");
        int[] ids = [.. list.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out int id) && id >= 0 && id < Tokenizer.VocabularySize
            ? id
            : throw ApiException.BadField("tokens", $"Token ids of this model go from 0 to {Tokenizer.VocabularySize - 1}; '{one.GetRawText()}' is none."))];
        string text = Tokenizer.Decode(ids);
        await context.Response.WriteAsJsonAsync(new JsonObject { ["content"] = text, ["prompt"] = text }, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>POST /apply-template.</summary>
    public async Task ApplyTemplateAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        IReadOnlyList<PromptSpan> spans = Render(context, fields);
        var body = new JsonObject { ["prompt"] = string.Concat(spans.Select(span => span.Text)) };
        if (fields.Flag("tokens") == true) body["tokens"] = new JsonArray([.. Tokenizer.Encode(spans).Select(id => (JsonNode)id)]);
        await context.Response.WriteAsJsonAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private IReadOnlyList<PromptSpan> Render(HttpContext context, JsonFields fields)
    {
        ChatCall call = ChatCompletionsRequest.Read(fields, service.Requests);
        return service.Render(context, call).Spans;
    }

    private JsonObject Piece(int id)
    {
        ReadOnlySpan<byte> bytes = Tokenizer.BytesOf(id);
        bool isText = System.Text.Unicode.Utf8.IsValid(bytes);
        return new JsonObject { ["id"] = id, ["piece"] = isText ? Encoding.UTF8.GetString(bytes) : new JsonArray([.. bytes.ToArray().Select(value => (JsonNode)(int)value)]) };
    }

    private static ApiException Missing() => ApiException.BadField("content", "Send the text as 'content' or 'prompt', or a conversation as 'messages'.");
}
