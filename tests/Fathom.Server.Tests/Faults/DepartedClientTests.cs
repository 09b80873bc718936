using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Text;

namespace Fathom.Server.Tests.Faults;

/// <summary>Clients that go away in the middle: their place is free at once, and nobody else notices.</summary>
public sealed class DepartedClientTests
{
    [Theory]
    [InlineData("/v1/chat/completions", true)]
    [InlineData("/v1/chat/completions", false)]
    [InlineData("/v1/messages", true)]
    [InlineData("/v1/responses", true)]
    public async Task Going_away_frees_the_slot_in_every_phase(string path, bool isStream)
    {
        using var model = new PacedModel(TestServer.Scripted(prompt => string.Join(' ', Enumerable.Range(0, 2000))));
        await using TestServer server = await TestServer.StartAsync(new FathomModel(model, TestServer.Tokenizer, ChatFormat.Release, new EngineOptions { MaxConcurrent = 1 }));
        string Request(string text) => path.EndsWith("responses", StringComparison.Ordinal)
            ? $"{{\"input\":{TestServer.Quote(text)},\"stream\":{(isStream ? "true" : "false")}}}"
            : $"{{\"messages\":[{{\"role\":\"user\",\"content\":{TestServer.Quote(text)}}}],\"stream\":{(isStream ? "true" : "false")}}}";
        string longText = string.Join(' ', Enumerable.Range(0, 8000));

        // While it is written; another waits.
        using RawClient writing = await RawClient.ConnectAsync(server);
        await writing.PostAsync(server, path, Request("one"));
        await FaultServer.UntilAsync(() => server.Model.Status.Answers.Any(answer => answer.AnswerTokens > 3), "it is written");
        using RawClient queued = await RawClient.ConnectAsync(server);
        await queued.PostAsync(server, path, Request("two"));
        await FaultServer.UntilAsync(() => server.Model.Status.Waiting == 1, "the second waits");

        // While it waits: the one in front goes on.
        queued.Dispose();
        await FaultServer.UntilAsync(() => server.Model.Status.Waiting == 0, "the waiting one is gone", 2);
        Assert.Equal(1, server.Model.Status.Running);
        writing.Dispose();
        await FaultServer.UntilAsync(() => server.Model.Status.Running == 0 && server.Server.OpenRequests == 0, "the slot is free", 2);

        // While its prompt is read.
        using RawClient reading = await RawClient.ConnectAsync(server);
        await reading.PostAsync(server, path, Request(longText));
        await FaultServer.UntilAsync(() => server.Model.Status.Answers.Any(answer => answer.IsPrefilling && answer.HeldTokens > 0), "its prompt is read");
        reading.Dispose();
        await FaultServer.UntilAsync(() => server.Model.Status.Running == 0 && server.Server.OpenRequests == 0, "the slot is free", 2);

        // What was read stays: the next one with this prompt reads less.
        model.Pause = TimeSpan.Zero;
        JsonObject again = await server.PostAsync("/v1/chat/completions", $"{{\"messages\":[{{\"role\":\"user\",\"content\":{TestServer.Quote(longText)}}}],\"max_tokens\":2}}");
        Assert.True((int)again["usage"]!["prompt_cache_hit_tokens"]! > 0);
    }

    [Fact]
    public async Task Neighbours_of_departing_clients_get_the_same_words()
    {
        await using TestServer server = await TestServer.StartBuiltInAsync(new ServerOptions { ThinksByDefault = false, ThinksByDefaultForAnthropic = false }, new EngineOptions { MaxConcurrent = 6 });
        string Request(int i, bool isStream) => $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"Tell me story number {i} about {string.Join(' ', Enumerable.Repeat("the sea", 20 * (i % 4)))}\"}}],\"temperature\":0,\"max_tokens\":40,\"stream\":{(isStream ? "true" : "false")}}}";
        string[] alone = new string[6];
        for (int i = 0; i < alone.Length; i++) alone[i] = Text(await server.PostAsync("/v1/chat/completions", Request(i, false)));
        server.Model.ClearCache();
        int rounds = FaultServer.IsLong ? 200 : 12;
        var random = new Random(5);
        bool isOver = false;
        Task leaving = Task.Run(async () =>
        {
            for (int i = 0; !Volatile.Read(ref isOver); i++)
            {
                using RawClient client = await RawClient.ConnectAsync(server);
                await client.PostAsync(server, "/v1/chat/completions", Request(i % alone.Length, true));
                await Task.Delay(random.Next(40));
            }
        });
        for (int round = 0; round < rounds; round++)
        {
            if (round % 3 == 0) server.Model.ClearCache();
            JsonObject[] answers = await Task.WhenAll(Enumerable.Range(0, alone.Length).Select(i => server.PostAsync("/v1/chat/completions", Request(i, false))));
            Assert.Equal(alone, answers.Select(Text));
        }

        Volatile.Write(ref isOver, true);
        await leaving;
        await FaultServer.UntilAsync(() => server.Model.Status.Running == 0 && server.Server.OpenRequests == 0, "all slots are free");
    }

    private static string Text(JsonObject answer) => (string)answer["choices"]![0]!["message"]!["content"]!;

    /// <summary>A model that takes its time, and looks between layers whether anybody still waits.</summary>
    private sealed class PacedModel(ILanguageModel inner) : ILanguageModel
    {
        public TimeSpan Pause { get; set; } = TimeSpan.FromMilliseconds(20);

        public int VocabularySize => inner.VocabularySize;

        public int MaxPositions => inner.MaxPositions;

        public int MaxBatchRows => inner.MaxBatchRows;

        public ReadOnlyMemory<byte> Identity => inner.Identity;

        public ISession CreateSession() => inner.CreateSession();

        public Logits Forward(Batch batch, CancellationToken cancellation = default)
        {
            if (Pause > TimeSpan.Zero) cancellation.WaitHandle.WaitOne(Pause);
            return inner.Forward(batch, cancellation);
        }

        public void Dispose() => inner.Dispose();
    }
}
