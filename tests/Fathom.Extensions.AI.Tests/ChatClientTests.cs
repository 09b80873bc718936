using Fathom.Inference;
using Fathom.Inference.Tests;
using Fathom.Text;
using Microsoft.Extensions.AI;

namespace Fathom.Extensions.AI.Tests;

public sealed class ChatClientTests
{
    [Fact]
    public async Task A_whole_answer_has_text_finish_reason_usage_and_the_model_name()
    {
        using IChatClient client = Scripted.Client("Hello, 🌍!");
        ChatResponse response = await client.GetResponseAsync("hi");
        Assert.Equal("Hello, 🌍!", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("scripted", response.ModelId);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        int answerTokens = Scripted.Ids("Hello, 🌍!").Length;
        Assert.Equal((5, answerTokens, 5 + answerTokens), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
        Assert.Equal((0, 0), (response.Usage.CachedInputTokenCount, response.Usage.ReasoningTokenCount));
        Assert.IsType<GenerationCompleted>(response.RawRepresentation);
    }

    [Fact]
    public async Task A_stream_brings_pieces_of_one_message_and_ends_with_reason_and_usage()
    {
        using IChatClient client = Scripted.Client("one two three");
        List<ChatResponseUpdate> updates = await Scripted.Collect(client.GetStreamingResponseAsync("hi"));
        Assert.Equal(["one", " two", " three"], updates.SkipLast(1).Select(update => update.Text));
        Assert.All(updates, update => Assert.Equal((updates[0].ResponseId, updates[0].MessageId, ChatRole.Assistant), (update.ResponseId, update.MessageId, update.Role!.Value)));
        Assert.All(updates.SkipLast(1), update => Assert.Null(update.FinishReason));
        Assert.Equal(ChatFinishReason.Stop, updates[^1].FinishReason);
        Assert.Equal(3, Assert.IsType<UsageContent>(Assert.Single(updates[^1].Contents)).Details.OutputTokenCount);
    }

    [Fact]
    public async Task Reasoning_comes_as_reasoning_and_is_counted()
    {
        using IChatClient client = Scripted.Client($"Let me think.{Markup.ThinkEnd}Done.");
        ChatResponse response = await client.GetResponseAsync("hi", new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High } });
        Assert.Equal(["Let me think.", "Done."], response.Messages[0].Contents.Select(content => content is TextReasoningContent reasoning ? reasoning.Text : ((TextContent)content).Text));
        Assert.Equal("Done.", response.Text);
        Assert.Equal(Scripted.Ids($"Let me think.{Markup.ThinkEnd}").Length, response.Usage!.ReasoningTokenCount);
    }

    [Fact]
    public async Task Reasoning_is_held_back_when_the_request_says_so()
    {
        using IChatClient client = Scripted.Client($"Let me think.{Markup.ThinkEnd}Done.");
        var options = new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High, Output = ReasoningOutput.None } };
        ChatResponse response = await client.GetResponseAsync("hi", options);
        Assert.IsType<TextContent>(Assert.Single(response.Messages[0].Contents));
        Assert.True(response.Usage!.ReasoningTokenCount > 0);
    }

    [Fact]
    public async Task Stop_texts_and_the_token_limit_end_an_answer()
    {
        using IChatClient client = Scripted.Client("one two three four");
        ChatResponse stopped = await client.GetResponseAsync("hi", new ChatOptions { StopSequences = ["o thr"] });
        Assert.Equal(("one tw", ChatFinishReason.Stop), (stopped.Text, stopped.FinishReason));
        Assert.Equal("o thr", ((GenerationCompleted)stopped.RawRepresentation!).StopText);
        ChatResponse limited = await client.GetResponseAsync("hi", new ChatOptions { MaxOutputTokens = 2 });
        Assert.Equal(("one two", ChatFinishReason.Length), (limited.Text, limited.FinishReason));
    }

    [Fact]
    public async Task A_cancelled_answer_stops_and_the_next_one_comes_as_ever()
    {
        using IChatClient client = Scripted.Client("one two three four five");
        using var cancellation = new CancellationTokenSource();
        var seen = new List<string>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync("hi", cancellationToken: cancellation.Token))
            {
                seen.Add(update.Text);
                if (update.Text == " two") await cancellation.CancelAsync();
            }
        });
        Assert.Equal(["one", " two"], seen);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetResponseAsync("hi", cancellationToken: cancellation.Token));
        Assert.Equal("one two three four five", (await client.GetResponseAsync("hi")).Text);
    }

    [Fact]
    public async Task A_conversation_goes_on_with_the_answers_it_got()
    {
        using FathomModel model = Scripted.Model(out ScriptedModel scripted, "First.", "Second.");
        using IChatClient client = model.AsIChatClient();
        List<ChatMessage> history = [new(ChatRole.User, "a")];
        history.AddMessages(await client.GetResponseAsync(history));
        history.Add(new ChatMessage(ChatRole.User, "b"));
        Assert.Equal("Second.", (await client.GetResponseAsync(history)).Text);
        Assert.Contains($"First.{Markup.Eos}{Markup.User}b{Markup.Assistant}", Scripted.Read(scripted), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_model_cannot_do_is_refused_in_words()
    {
        using IChatClient client = Scripted.Client("never");
        ChatMessage image = new(ChatRole.User, [new TextContent("What is this?"), new DataContent(new byte[] { 1 }, "image/png")]);
        NotSupportedException error = await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync([new(ChatRole.User, "hi"), image]));
        Assert.Equal("messages[1] (role user) holds data of type image/png, which V4 cannot read; send it as text or leave it out.", error.Message);
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync([new(ChatRole.User, [new UriContent("http://a/b.png", "image/png")])]));
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("hi", new ChatOptions { ConversationId = "7" }));
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("hi", new ChatOptions { Tools = [new HostedWebSearchTool()] }));
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync("hi", new ChatOptions { Temperature = -1 }));
        await Assert.ThrowsAsync<ChatFormatException>(() => client.GetResponseAsync([new(new ChatRole("narrator"), "hi")]));
        await Assert.ThrowsAsync<ArgumentNullException>(() => client.GetResponseAsync((IEnumerable<ChatMessage>)null!));
    }

    [Fact]
    public async Task A_conversation_without_a_question_is_refused()
    {
        using IChatClient client = Scripted.Client("never");
        Assert.Contains("no message", (await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync([]))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync([new(ChatRole.System, "Be brief.")]));
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync([new(ChatRole.User, "hi"), new(ChatRole.Assistant, "ho")]));
    }

    [Fact]
    public void Services_are_the_model_the_metadata_and_the_client()
    {
        using FathomModel model = Scripted.Model(out _, "x");
        using IChatClient client = model.AsIChatClient("named");
        Assert.Same(model, client.GetService<FathomModel>());
        Assert.Equal(("fathom", "named"), (client.GetService<ChatClientMetadata>()!.ProviderName, client.GetService<ChatClientMetadata>()!.DefaultModelId));
        Assert.Same(client, client.GetService<FathomChatClient>());
        Assert.Same(client, client.GetService<IChatClient>());
        Assert.Null(client.GetService<FathomModel>("key"));
        Assert.Null(client.GetService<string>());
    }

    [Fact]
    public async Task A_client_leaves_the_model_open()
    {
        using FathomModel model = Scripted.Model(out _, "x");
        model.AsIChatClient().Dispose();
        Assert.Equal("x", (await model.AsIChatClient().GetResponseAsync("hi")).Text);
    }

    [Fact]
    public async Task A_client_that_opened_its_model_closes_it()
    {
        IChatClient client = FathomChatClient.Open(Repository.PathOf("models", "builtin") + Path.DirectorySeparatorChar);
        Assert.Equal("builtin", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetResponseAsync("hi"));
    }

    [Fact]
    public async Task Minnow_answers_about_a_document()
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("models", "builtin"));
        using IChatClient client = model.AsIChatClient();
        string document = await File.ReadAllTextAsync(Repository.PathOf("docs", "examples", "harbour.txt"));
        ChatResponse response = await client.GetResponseAsync($"{document}\n\nWhere does Clara Novak live?", new ChatOptions { Temperature = 0, MaxOutputTokens = 20 });
        Assert.Equal("Lisbon.", response.Text);
        Assert.True(response.Usage!.InputTokenCount > 1000);
    }
}
