using System.Text.Json;
using Fathom.Model;
using Fathom.Text;

namespace Fathom.Inference.Tests;

public sealed class ChatTests
{
    private const int Vocabulary = 129_280;
    private static readonly Tokenizer Tokenizer = Tokenizer.Load(Repository.PathOf("models", "deepseek-v4", "tokenizer.json"));

    [Fact]
    public async Task An_answer_streams_and_is_counted()
    {
        using FathomModel model = Scripted(out _, "Hello, 🌍!");
        List<CompletionEvent> events = await Collect(model.StartChat().SendAsync("hi"));
        Assert.Equal("Hello, 🌍!", Content(events));
        GenerationCompleted done = Assert.IsType<GenerationCompleted>(events[^1]);
        Assert.Equal(FinishReason.Stop, done.FinishReason);
        Assert.Equal(Ids("Hello, 🌍!").Length, done.Usage.CompletionTokens);
        Assert.Equal(5, done.Usage.PromptTokens);
        PrefillProgress progress = Assert.IsType<PrefillProgress>(events[0]);
        Assert.Equal((0, 5, 5), (progress.CachedTokens, progress.DoneTokens, progress.TotalTokens));
    }

    [Fact]
    public async Task Reasoning_and_content_are_told_apart()
    {
        using FathomModel model = Scripted(out _, $"Let me think.{Markup.ThinkEnd}Done.");
        ChatSession chat = model.StartChat(new ChatOptions { ThinkingMode = ThinkingMode.Thinking });
        List<CompletionEvent> events = await Collect(chat.SendAsync("hi"));
        Assert.Equal("Let me think.", string.Concat(events.OfType<ReasoningDelta>().Select(delta => delta.Text)));
        Assert.Equal("Done.", Content(events));
        Assert.Equal(Ids($"Let me think.{Markup.ThinkEnd}").Length, ((GenerationCompleted)events[^1]).Usage.ReasoningTokens);
        Assert.Equal(("Let me think.", "Done."), (chat.Messages[1].ReasoningContent, chat.Messages[1].Content));
    }

    [Fact]
    public async Task Tool_calls_are_events_and_end_the_answer()
    {
        string block = "\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"x\" string=\"true\">a\nb</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>";
        using FathomModel model = Scripted(out ScriptedModel scripted, "Wait." + block + "never");
        JsonElement function = ChatJson.Parse("""{"name":"f","parameters":{"type":"object","properties":{"x":{"type":"string"}}}}""", "tool");
        ChatSession chat = model.StartChat(new ChatOptions { Tools = [new ChatTool(function)] });
        List<CompletionEvent> events = await Collect(chat.SendAsync("hi"));
        ToolCallCompleted call = Assert.Single(events.OfType<ToolCallCompleted>());
        Assert.Equal(("f", """{"x": "a\nb"}"""), (call.Call.Name, call.Call.Arguments));
        Assert.Equal("Wait.", Content(events));
        Assert.Equal(FinishReason.ToolCalls, ((GenerationCompleted)events[^1]).FinishReason);

        // The result goes in, and only what is new is read.
        scripted.Fed.Clear();
        events = await Collect(chat.SendAsync([new ChatMessage { Role = "tool", ToolCallId = call.Call.Id, Content = "42" }]));
        Assert.True(scripted.Fed.Sum(tokens => tokens.Length) < 60);
        Assert.True(((GenerationCompleted)events[^1]).Usage.CachedTokens > 100);
    }

    [Fact]
    public async Task Without_tools_call_markup_is_never_sampled()
    {
        // The model wants the markup token above all, and text after it.
        var scripted = new ScriptedModel(Vocabulary, _ =>
        {
            var logits = new float[Vocabulary];
            logits[128825] = 50;
            logits[128800] = 45;
            logits[Ids("x")[0]] = 40;
            return logits;
        });
        using var model = new FathomModel(scripted, Tokenizer, ChatFormat.Release);
        List<CompletionEvent> events = await Collect(model.StartChat(Greedy(5)).SendAsync("hi"));
        Assert.Equal("xxxxx", Content(events));
        Assert.Equal(FinishReason.Length, ((GenerationCompleted)events[^1]).FinishReason);
    }

    [Fact]
    public async Task Stop_texts_end_the_content_across_tokens()
    {
        using FathomModel model = Scripted(out _, "one two three four");
        ChatOptions options = new() { Generation = new GenerationOptions { Stop = ["o thr"] } };
        ChatSession chat = model.StartChat(options);
        List<CompletionEvent> events = await Collect(chat.SendAsync("hi"));
        Assert.Equal("one tw", Content(events));
        Assert.Equal("o thr", ((GenerationCompleted)events[^1]).StopText);
        Assert.Equal("one tw", chat.Messages[^1].Content);
    }

    [Fact]
    public async Task A_role_marker_inside_an_answer_ends_it()
    {
        using FathomModel model = Scripted(out _, $"Yes.{Markup.User}and now I play you");
        Assert.Equal("Yes.", Content(await Collect(model.StartChat().SendAsync("hi"))));
    }

    [Fact]
    public async Task A_second_turn_reads_only_what_is_new()
    {
        using FathomModel model = Scripted(out ScriptedModel scripted, "First answer.", "Second.");
        ChatSession chat = model.StartChat();
        await Collect(chat.SendAsync("a question of some length, to have a prompt"));
        scripted.Fed.Clear();
        List<CompletionEvent> events = await Collect(chat.SendAsync("b"));
        Assert.Equal("Second.", Content(events));
        int[] prompt = Tokenizer.Encode(model.Render([.. chat.Messages.Take(3)], chat.Options).Spans);
        Usage usage = ((GenerationCompleted)events[^1]).Usage;
        Assert.Equal(prompt.Length, usage.PromptTokens);
        Assert.Equal(prompt.Length - usage.CachedTokens, scripted.Fed.Take(scripted.Fed.Count - usage.CompletionTokens).Sum(tokens => tokens.Length));
        Assert.True(usage.PromptTokens - usage.CachedTokens <= 6);
    }

    [Fact]
    public async Task Dropped_reasoning_still_reuses_the_turn_before()
    {
        using FathomModel model = Scripted(out _, $"Hm.{Markup.ThinkEnd}First.", $"Hm.{Markup.ThinkEnd}Second.");
        ChatSession chat = model.StartChat(new ChatOptions { ThinkingMode = ThinkingMode.Thinking });
        await Collect(chat.SendAsync("one two three four five six seven eight nine ten"));
        Usage usage = ((GenerationCompleted)(await Collect(chat.SendAsync("b")))[^1]).Usage;
        Assert.True(usage.CachedTokens >= 12, $"{usage}");
    }

    [Fact]
    public async Task A_stopped_answer_stays_as_far_as_it_went_and_an_unsaid_one_leaves_no_trace()
    {
        using FathomModel model = Scripted(out _, "one two three four five");
        ChatSession chat = model.StartChat();
        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (CompletionEvent happened in chat.SendAsync("hi", cancellation.Token))
            {
                if (happened is ContentDelta { Text: " two" }) await cancellation.CancelAsync();
            }
        });
        Assert.Equal("one two", chat.Messages[^1].Content);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Collect(chat.SendAsync("again", cancellation.Token)));
        Assert.Equal(2, chat.Messages.Count);
        await Collect(chat.SendAsync("and on"));
        Assert.Equal(4, chat.Messages.Count);
    }

    [Fact]
    public async Task The_context_ends_the_answer_and_refuses_a_prompt_beyond_it()
    {
        var scripted = new ScriptedModel(Vocabulary, _ => With(Ids("x")[0]), maxPositions: 20);
        using var model = new FathomModel(scripted, Tokenizer, ChatFormat.Release);
        List<CompletionEvent> events = await Collect(model.StartChat(Greedy(null)).SendAsync("hi"));
        var done = (GenerationCompleted)events[^1];
        Assert.Equal(FinishReason.Length, done.FinishReason);
        Assert.Equal(16, done.Usage.CompletionTokens);
        ArgumentException error = await Assert.ThrowsAsync<ContextLengthException>(async () => await Collect(model.StartChat().SendAsync(string.Concat(Enumerable.Repeat("word ", 40)))));
        Assert.Contains("context ends at 20", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_probabilities_come_with_every_token_when_asked_for()
    {
        using FathomModel model = Scripted(out _, "Hi there");
        ChatOptions options = new() { Generation = new GenerationOptions { LogProbabilities = 2 } };
        List<CompletionEvent> events = await Collect(model.StartChat(options).SendAsync("hi"));
        TokenSampled[] sampled = [.. events.OfType<TokenSampled>()];
        Assert.Equal(Ids("Hi there"), sampled.Select(token => token.Token.Id));
        Assert.All(sampled, token => Assert.Equal(token.Token, token.Top[0]));
        Assert.All(sampled, token => Assert.Equal(2, token.Top.Count));
    }

    [Fact]
    public async Task A_saved_conversation_comes_back()
    {
        string path = Path.Combine(Path.GetTempPath(), $"fathom-{Guid.NewGuid():N}.json");
        try
        {
            using FathomModel model = Scripted(out _, $"Hm.{Markup.ThinkEnd}Ja: 日本.");
            ChatSession chat = model.StartChat(new ChatOptions { System = "Be brief.", ThinkingMode = ThinkingMode.Thinking, ReasoningEffort = "max" });
            await Collect(chat.SendAsync("hi"));
            chat.Save(path);
            ChatSession other = model.StartChat();
            other.Load(path);
            Assert.Equal(("Be brief.", ThinkingMode.Thinking, "max"), (other.Options.System, other.Options.ThinkingMode, other.Options.ReasoningEffort));
            Assert.Equal(model.Render(chat.Messages, chat.Options).Text, model.Render(other.Messages, other.Options).Text);

            await File.WriteAllTextAsync(path, "{\"format\":\"other\"}");
            Assert.Throws<ChatFormatException>(() => other.Load(path));
            Assert.Equal(2, other.Messages.Count);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Two_answers_at_once_do_not_disturb_each_other()
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("tests", "models", "random"));
        ChatOptions options = new() { Generation = new GenerationOptions { MaxTokens = 30, Sampling = new SamplingOptions { Seed = 5 } } };
        string alone = Content(await Collect(model.StartChat(options).SendAsync("Why is the sky blue?")));
        Task<List<CompletionEvent>>[] both = [Collect(model.StartChat(options).SendAsync("Why is the sky blue?")), Collect(model.StartChat(options).SendAsync("Something else"))];
        await Task.WhenAll(both);
        Assert.Equal(alone, Content(await both[0]));
        Assert.NotEqual(alone, Content(await both[1]));
    }

    [Fact]
    public async Task Reused_caches_give_the_same_answer_as_a_fresh_start()
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("tests", "models", "random"));
        ChatOptions options = new() { Generation = new GenerationOptions { MaxTokens = 25, Sampling = new SamplingOptions { Temperature = 0 } } };
        ChatSession chat = model.StartChat(options);
        await Collect(chat.SendAsync("One question that is long enough to fill more than one window of sixteen tokens."));
        List<CompletionEvent> second = await Collect(chat.SendAsync("And another."));
        Assert.True(((GenerationCompleted)second[^1]).Usage.CachedTokens > 20);
        List<CompletionEvent> fresh = await Collect(model.ChatAsync([.. chat.Messages.Take(3)], options with { CacheSpace = "fresh" }));
        Assert.Equal(0, ((GenerationCompleted)fresh[^1]).Usage.CachedTokens);
        Assert.Equal(Content(fresh), Content(second));
    }

    [Fact]
    public async Task Plain_text_is_continued_without_markup()
    {
        var scripted = new ScriptedModel(Vocabulary, tokens => With(tokens.Count < 5 ? Ids(" and")[0] : 1));
        using var model = new FathomModel(scripted, Tokenizer, ChatFormat.Release);
        List<CompletionEvent> events = await Collect(model.ContinueAsync("this"));
        Assert.Equal(" and and and", Content(events));
        Assert.Equal([0, .. Ids("this")], scripted.Fed[0]);
    }

    [Fact]
    public async Task Closing_the_model_ends_an_answer_in_the_making()
    {
        FathomModel model = FathomModel.Open(Repository.PathOf("tests", "models", "random"));
        ChatSession chat = model.StartChat(Greedy(null));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            int count = 0;
            await foreach (CompletionEvent happened in chat.SendAsync("hi"))
            {
                if (++count == 5) model.Dispose();
            }
        });
        model.Dispose();
    }

    [Fact]
    public void A_tokenizer_larger_than_the_model_is_refused()
    {
        using var small = new ScriptedModel(100, _ => new float[100]);
        Assert.Throws<InvalidDataException>(() => new FathomModel(small, Tokenizer, ChatFormat.Release));
    }

    private static FathomModel Scripted(out ScriptedModel model, params string[] answers)
    {
        model = ScriptedModel.Answering(Vocabulary, 1, [.. answers.Select(answer => Tokenizer.Encode(answer, true))]);
        return new FathomModel(model, Tokenizer, ChatFormat.Release);
    }

    private static ChatOptions Greedy(int? maxTokens) => new() { Generation = new GenerationOptions { MaxTokens = maxTokens, Sampling = new SamplingOptions { Temperature = 0 } } };

    private static float[] With(int token)
    {
        var logits = new float[Vocabulary];
        logits[token] = 50;
        return logits;
    }

    private static int[] Ids(string text) => Tokenizer.Encode(text, true);

    private static string Content(IEnumerable<CompletionEvent> events) => string.Concat(events.OfType<ContentDelta>().Select(delta => delta.Text));

    private static async Task<List<CompletionEvent>> Collect(IAsyncEnumerable<CompletionEvent> events)
    {
        var all = new List<CompletionEvent>();
        await foreach (CompletionEvent happened in events) all.Add(happened);
        return all;
    }
}
