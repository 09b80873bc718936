using Fathom.Text;
using static Fathom.Inference.Tests.Engines;

namespace Fathom.Inference.Tests;

/// <summary>Many answers at once.</summary>
public sealed class SchedulerTests
{
    [Fact]
    public async Task Answers_do_not_depend_on_their_neighbours()
    {
        using FathomModel model = Random(new EngineOptions { MaxConcurrent = 8, InterleavedRows = 64 });
        int[][] prompts = [.. Enumerable.Range(0, 24).Select(i => Tokens(model, 5 + (i * 37 % 300), 100 + i))];
        ChatOptions Options(int i, string space) => new()
        {
            CacheSpace = space,
            Client = $"client {i % 3}",
            Generation = new GenerationOptions { MaxTokens = 10 + i, Sampling = new SamplingOptions { Temperature = i % 2, Seed = i } },
        };
        IReadOnlyList<int>[] alone = new IReadOnlyList<int>[prompts.Length];
        for (int i = 0; i < prompts.Length; i++) alone[i] = (await Complete(model.PrepareText(prompts[i], Options(i, $"alone {i}")))).Tokens;
        GenerationCompleted[] together = await Task.WhenAll(prompts.Select((prompt, i) => Complete(model.PrepareText(prompt, Options(i, "together")))));
        for (int i = 0; i < prompts.Length; i++) Assert.Equal(alone[i], together[i].Tokens);
    }

    [Fact]
    public async Task A_common_beginning_is_read_once()
    {
        using FathomModel model = Random(maxBatchRows: 64);
        int[] common = Tokens(model, 500, 200);
        long before = model.Status.PromptTokensRead;
        GenerationCompleted[] all = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Complete(model.PrepareText([.. common, .. Tokens(model, 20, 300 + i)], Greedy(5)))));
        Assert.True(model.Status.PromptTokensRead - before < 500 + (5 * 20) + 10, $"{model.Status.PromptTokensRead - before} tokens were read");
        Assert.Equal(4, all.Count(one => one.Usage.CachedTokens == 500));
    }

    [Fact]
    public async Task A_cancelled_prefill_stops_and_what_was_read_is_not_read_again()
    {
        using FathomModel model = Random(maxBatchRows: 32);
        int[] prompt = Tokens(model, 1500, 400);
        using var cancellation = new CancellationTokenSource();
        int done = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (CompletionEvent happened in model.PrepareText(prompt, Greedy(5)).RunAsync(cancellation.Token))
            {
                if (happened is PrefillProgress { DoneTokens: > 300 } progress)
                {
                    done = progress.DoneTokens;
                    await cancellation.CancelAsync();
                }
            }
        });
        Assert.Equal(0, model.Status.Running);
        Assert.True(model.Status.PromptTokensRead < 1500);
        GenerationCompleted again = await Complete(model.PrepareText(prompt, Greedy(5)));
        Assert.True(again.Usage.CachedTokens >= done, $"{again.Usage.CachedTokens} of {done}");
        Assert.Equal((await Complete(model.PrepareText(prompt, Greedy(5, "fresh")))).Tokens, again.Tokens);
    }

    [Fact]
    public async Task Running_answers_keep_flowing_while_a_long_prompt_is_read()
    {
        using FathomModel model = Random(new EngineOptions { InterleavedRows = 32 });
        Task<List<CompletionEvent>> writing = Collect(model.PrepareText(Tokens(model, 10, 500), Greedy(400)).RunAsync());
        while (model.Status.Running == 0) await Task.Delay(1);
        int inBetween = 0;
        await foreach (CompletionEvent happened in model.PrepareText(Tokens(model, 640, 501), Greedy(1)).RunAsync())
        {
            if (happened is PrefillProgress && !writing.IsCompleted) inBetween++;
        }

        Assert.True(inBetween >= 15, $"{inBetween} pieces");
        Assert.Equal(400, ((GenerationCompleted)(await writing)[^1]).Usage.CompletionTokens);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(127)]
    [InlineData(129)]
    public async Task Prompts_advance_whatever_room_is_left_in_a_step(int rows)
    {
        // What was read may be of an even length when there is room for a single row more.
        using FathomModel model = Random(new EngineOptions { InterleavedRows = rows });
        Task<GenerationCompleted> writing = Complete(model.PrepareText(Tokens(model, 10, 510), Greedy(500)));
        while (model.Status.Running == 0) await Task.Delay(1);
        int[][] prompts = [Tokens(model, 300, 511), Tokens(model, 260, 512)];
        GenerationCompleted[] read = await Task.WhenAll(prompts.Select(prompt => Complete(model.PrepareText(prompt, Greedy(3)))));
        Assert.All(read, one => Assert.Equal(3, one.Usage.CompletionTokens));
        Assert.Equal(500, (await writing).Usage.CompletionTokens);
    }

    [Fact]
    public async Task A_full_line_refuses_and_clients_take_turns()
    {
        using FathomModel model = Random(new EngineOptions { MaxConcurrent = 1, MaxQueued = 3 });
        using var stop = new CancellationTokenSource();
        var order = new List<string>();
        async Task Ask(string client, int seed)
        {
            await foreach (CompletionEvent happened in model.PrepareText(Tokens(model, 10, seed), Greedy(40) with { Client = client }).RunAsync(stop.Token))
            {
                if (happened is PrefillProgress) lock (order) order.Add(client);
            }
        }

        var asked = new List<Task> { Ask("a", 600) };
        while (model.Status.Running == 0) await Task.Delay(1);
        asked.AddRange([Ask("a", 601), Ask("a", 602), Ask("b", 603)]);
        QueueFullException refused = await Assert.ThrowsAsync<QueueFullException>(() => Ask("c", 604));
        Assert.Equal(3, refused.Waiting);
        await Task.WhenAll(asked);
        Assert.Equal(4, order.Count);
        Assert.Equal(0, model.Status.Waiting);
    }

    [Fact]
    public async Task A_forward_that_fails_hurts_only_its_own_answer()
    {
        Tokenizer tokenizer = Tokenizer.Load(Repository.PathOf("models", "builtin", "tokenizer.json"));
        var scripted = new ScriptedModel(tokenizer.VocabularySize, tokens =>
        {
            if (tokens[0] == 77) throw new InvalidOperationException("a bad row");
            var logits = new float[tokenizer.VocabularySize];
            logits[50 + (tokens.Count % 7)] = 9;
            return logits;
        });
        using var model = new FathomModel(scripted, tokenizer, ChatFormat.Release);
        Task<GenerationCompleted> good = Complete(model.PrepareText([5, 6], Greedy(200)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Complete(model.PrepareText([77, 6], Greedy(20))));
        Assert.Equal(200, (await good).Usage.CompletionTokens);
    }

    [Fact]
    public async Task Circles_are_told_and_ended_when_asked()
    {
        Tokenizer tokenizer = Tokenizer.Load(Repository.PathOf("models", "builtin", "tokenizer.json"));
        var scripted = new ScriptedModel(tokenizer.VocabularySize, tokens =>
        {
            var logits = new float[tokenizer.VocabularySize];
            logits[50 + (tokens.Count % 7)] = 9;
            return logits;
        });
        using var model = new FathomModel(scripted, tokenizer, ChatFormat.Release);
        List<CompletionEvent> told = await Collect(model.PrepareText([5], Greedy(400)).RunAsync());
        Assert.Equal(7, Assert.Single(told.OfType<RepetitionDetected>()).Period);
        Assert.Equal(400, ((GenerationCompleted)told[^1]).Usage.CompletionTokens);
        ChatOptions stops = Greedy(400);
        GenerationCompleted ended = await Complete(model.PrepareText([5], stops with { Generation = stops.Generation with { StopsRepetition = true } }));
        Assert.InRange(ended.Usage.CompletionTokens, 100, 300);
    }

    [Fact]
    public async Task A_reasoning_budget_makes_the_model_answer()
    {
        Tokenizer tokenizer = Tokenizer.Load(Repository.PathOf("models", "builtin", "tokenizer.json"));
        int end = tokenizer.FindAddedToken(Markup.ThinkEnd)!.Value, eos = tokenizer.FindAddedToken(Markup.Eos)!.Value;
        var scripted = new ScriptedModel(tokenizer.VocabularySize, tokens =>
        {
            var logits = new float[tokenizer.VocabularySize];
            int at = tokens.ToList().LastIndexOf(end);
            logits[at < 0 ? 50 : tokens.Count - at > 3 ? eos : 60] = 9;
            return logits;
        });
        using var model = new FathomModel(scripted, tokenizer, ChatFormat.Release);
        ChatOptions options = new() { ThinkingMode = ThinkingMode.Thinking, Generation = new GenerationOptions { MaxTokens = 300, Sampling = new SamplingOptions { Temperature = 0 } } };
        GenerationCompleted endless = await Complete(model.PrepareChat([ChatMessage.Of("user", "hi")], options));
        Assert.Equal(("", FinishReason.Length), (endless.Message.Content, endless.FinishReason));
        GenerationCompleted answered = await Complete(model.PrepareChat([ChatMessage.Of("user", "hi")], options with { Generation = options.Generation with { ReasoningBudget = 12 } }));
        Assert.Equal((13, FinishReason.Stop), (answered.Usage.ReasoningTokens, answered.FinishReason));
        Assert.NotEqual("", answered.Message.Content);
    }
}
