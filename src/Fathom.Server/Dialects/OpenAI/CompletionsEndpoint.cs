using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Access;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Server.Streams;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Dialects.OpenAI;

/// <summary>POST /v1/completions: plain text, and fill in the middle with a suffix (interface specification, section 3).</summary>
internal sealed class CompletionsEndpoint(AnswerService service)
{
    private const int MostPrompts = 64;
    private const int MostAnswers = 16;
    private const int FillTokens = 4096;

    private Tokenizer Tokenizer => service.Model.Tokenizer;

    /// <summary>Answers.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        JsonFields fields = await service.ReadBodyAsync(context).ConfigureAwait(false);
        string model = service.Requests.Names.Check(fields.Text("model"));
        List<int[]> prompts = Prompts(fields);
        int count = fields.Whole("n", 1, MostAnswers) ?? 1;
        bool isFill = fields.Text("suffix") is not null;
        int? logprobs = fields.Whole("logprobs", 0, 20);
        GenerationOptions generation = SamplingFields.Read(fields, fields.Whole("max_tokens", 0) ?? (isFill ? FillTokens : null), "stop", service.Options) with { LogProbabilities = logprobs };
        OutputForm form = OutputForms.ReadOpenAI(fields);
        var head = ChatAnswerHead.New(model, service.Model, "cmpl-");
        string[] echoes = fields.Flag("echo") == true ? [.. prompts.Select(prompt => Tokenizer.Decode(prompt, skipSpecial: true))] : [.. prompts.Select(_ => string.Empty)];
        bool includesUsage = fields.Object("stream_options")?.Flag("include_usage") ?? false;
        int choices = prompts.Count * count, next = 0;
        Answer Prepare(long? seed) => service.Model.PrepareText(prompts[next++ / count], new ChatOptions
        {
            CacheSpace = KeyRing.SpaceOf(context),
            Client = KeyRing.ClientOf(context),
            Form = form.Grammar,
            Generation = generation with { Sampling = generation.Sampling with { Seed = seed } },
        });
        IAnswerWriter writer = fields.Flag("stream") == true
            ? new CompletionStreamWriter(context, head, choices, i => echoes[i / count], includesUsage, logprobs is null ? null : Tokenizer)
            : new WholeWriter(context, Dialect.OpenAI, (completed, sampled) => Whole(head, completed, i => echoes[i / count], logprobs is null ? null : sampled), choices);
        await service.RunAsync(context, Dialect.OpenAI, generation.Sampling.Seed, choices, Prepare, _ => writer).ConfigureAwait(false);
    }

    private JsonObject Whole(ChatAnswerHead head, IReadOnlyList<GenerationCompleted> completed, Func<int, string> echo, IReadOnlyList<IReadOnlyList<TokenSampled>>? sampled)
    {
        JsonObject body = head.Body("text_completion", [.. completed.Select((answer, i) => new JsonObject
        {
            ["text"] = echo(i) + answer.Message.Content,
            ["index"] = i,
            ["logprobs"] = sampled is null ? null : Probabilities(sampled[i], echo(i).Length, Tokenizer),
            ["finish_reason"] = FinishReasons.Of(answer),
        })]);
        body["usage"] = Usages.Of(completed);
        return body;
    }

    private static JsonObject Probabilities(IReadOnlyList<TokenSampled> sampled, int offset, Tokenizer tokenizer)
    {
        JsonArray tokens = [], logprobs = [], tops = [], offsets = [];
        foreach (TokenSampled one in sampled)
        {
            string text = Logprobs.TextOf(one.Token.Id, tokenizer);
            tokens.Add(text);
            logprobs.Add(one.Token.LogProbability);
            var top = new JsonObject();
            foreach (TokenProbability other in one.Top) top[Logprobs.TextOf(other.Id, tokenizer)] = other.LogProbability;
            tops.Add(top);
            offsets.Add(offset);
            offset += text.Length;
        }

        return new JsonObject { ["tokens"] = tokens, ["token_logprobs"] = logprobs, ["top_logprobs"] = tops, ["text_offset"] = offsets };
    }

    private List<int[]> Prompts(JsonFields fields)
    {
        if (fields.Any("prompt") is not { } prompt) throw ApiException.BadField("prompt", "'prompt' is missing; send the text to go on from.");
        if (fields.Text("suffix") is { } suffix)
        {
            if (prompt.ValueKind != JsonValueKind.String) throw fields.Wrong("prompt", "a string when there is a suffix", prompt);
            return [Tokenizer.Encode(Markup.FillInTheMiddle(prompt.GetString()!, suffix))];
        }

        switch (prompt.ValueKind)
        {
            case JsonValueKind.String:
                return [Encode(prompt.GetString()!)];
            case JsonValueKind.Array when prompt.GetArrayLength() > 0 && prompt[0].ValueKind == JsonValueKind.Number:
                return [Ids(prompt)];
            case JsonValueKind.Array when prompt.GetArrayLength() is > 0 and <= MostPrompts:
                return [.. prompt.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.String ? Encode(one.GetString()!) : Ids(one))];
            case JsonValueKind.Array:
                throw ApiException.BadField("prompt", $"'prompt' must hold 1 to {MostPrompts} prompts, not {prompt.GetArrayLength()}.");
            default:
                throw fields.Wrong("prompt", "a string, an array of strings, or token ids", prompt);
        }
    }

    // The caller writes raw prompts: added tokens are markup, and a begin token is put in front when there is none.
    private int[] Encode(string text) => Tokenizer.Encode(text.StartsWith(Markup.Bos, StringComparison.Ordinal) ? text : Markup.Bos + text, matchAddedTokens: true);

    private int[] Ids(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0) throw ApiException.BadField("prompt", "'prompt' must hold strings or arrays of token ids.");
        return [.. list.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out int id) && id >= 0 && id < Tokenizer.VocabularySize
            ? id
            : throw ApiException.BadField("prompt", $"Token ids of this model go from 0 to {Tokenizer.VocabularySize - 1}; '{one.GetRawText()}' is none."))];
    }

    // With a tokenizer, each piece of text comes with the log-probabilities of its tokens.
    private sealed class CompletionStreamWriter(HttpContext context, ChatAnswerHead head, int choices, Func<int, string> echo, bool includesUsage, Tokenizer? tokenizer) : IAnswerWriter
    {
        private readonly EventStream stream = new(context);
        private readonly PickedTokens[] picked = [.. Enumerable.Range(0, choices).Select(_ => new PickedTokens())];
        private readonly int[] offsets = [.. Enumerable.Range(0, choices).Select(i => echo(i).Length)];

        public async Task StartAsync()
        {
            await stream.StartAsync().ConfigureAwait(false);
            for (int i = 0; i < choices; i++)
            {
                if (echo(i).Length > 0) await SendAsync(i, echo(i), null).ConfigureAwait(false);
            }
        }

        public Task WriteAsync(int choice, CompletionEvent happened)
        {
            picked[choice].Read(happened);
            return happened switch
            {
                ContentDelta delta => SendAsync(choice, delta.Text, null),
                GenerationCompleted completed => SendAsync(choice, string.Empty, completed),
                _ => Task.CompletedTask,
            };
        }

        public Task BeatAsync() => stream.SendCommentAsync("keep-alive");

        public async Task EndAsync(IReadOnlyList<GenerationCompleted> completed)
        {
            if (includesUsage)
            {
                JsonObject last = head.Body("text_completion", []);
                last["usage"] = Usages.Of(completed);
                await stream.SendAsync(last).ConfigureAwait(false);
            }

            await stream.SendDoneAsync().ConfigureAwait(false);
        }

        public Task FailAsync(ApiException error) => stream.SendAsync(ErrorBodies.Body(error, Dialect.OpenAI, RequestIds.Of(context)));

        private Task SendAsync(int choice, string text, GenerationCompleted? completed)
        {
            JsonObject chunk = head.Body("text_completion", [new JsonObject { ["text"] = text, ["index"] = choice, ["logprobs"] = Probabilities(choice), ["finish_reason"] = completed is null ? null : FinishReasons.Of(completed) }]);
            if (completed is not null && choices == 1 && !includesUsage) chunk["usage"] = Usages.Of([completed]);
            return stream.SendAsync(chunk);
        }

        private JsonObject? Probabilities(int choice)
        {
            if (tokenizer is null || picked[choice].Take() is not { Count: > 0 } tokens) return null;
            JsonObject probabilities = CompletionsEndpoint.Probabilities(tokens, offsets[choice], tokenizer);
            offsets[choice] += tokens.Sum(token => Logprobs.TextOf(token.Token.Id, tokenizer).Length);
            return probabilities;
        }
    }
}
