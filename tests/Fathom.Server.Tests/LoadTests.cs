using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Server.Tests;

/// <summary>
/// Many streaming clients on Minnow, a fifth of them leaving at random. Every greedy answer must be the one computed alone. With FATHOM_LONG_TESTS=1 there are 256 clients for three minutes.
/// </summary>
public sealed class LoadTests(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("FATHOM_LONG_TESTS") == "1";

    [Fact]
    public async Task No_answer_is_lost_mixed_or_cut()
    {
        int clients = IsLong ? 256 : 48;
        TimeSpan length = TimeSpan.FromSeconds(IsLong ? 180 : 6);
        string[] questions = [.. Enumerable.Range(0, 60).Select(Question)];
        string[] alone = await AloneAsync(questions);

        await using TestServer server = await TestServer.StartBuiltInAsync(engine: new EngineOptions { MaxConcurrent = 32, CacheBytes = 64L << 20 });
        server.Http.Timeout = TimeSpan.FromMinutes(10);
        long until = Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency);
        int right = 0, left = 0;
        var memory = new List<long>();
        using var measuring = new CancellationTokenSource();
        Task measure = MeasureAsync(memory, measuring.Token);
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            var random = new Random(client);
            while (Stopwatch.GetTimestamp() < until)
            {
                int which = random.Next(questions.Length);
                if (random.Next(5) == 0)
                {
                    await LeaveAsync(server, questions[which], random.Next(6));
                    Interlocked.Increment(ref left);
                    continue;
                }

                Assert.Equal(alone[which], await AskAsync(server, questions[which]));
                Interlocked.Increment(ref right);
            }
        }));
        await measuring.CancelAsync();
        await measure;
        for (int i = 0; i < 500 && server.Model.Status.Running > 0; i++) await Task.Delay(10);
        Assert.Equal((0, 0), (server.Model.Status.Running, server.Model.Status.Waiting));
        output.WriteLine($"{clients} clients: {right} answers, all as computed alone; {left} left early");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"working set in MB by time: {string.Join(' ', memory.Where((_, i) => i % Math.Max(1, memory.Count / 12) == 0).Select(bytes => bytes >> 20))}"));
        if (IsLong) Assert.True(memory[^1] < memory[memory.Count / 3] * 1.25, "the working set grows");
    }

    private static async Task MeasureAsync(List<long> memory, CancellationToken cancellation)
    {
        using var process = Process.GetCurrentProcess();
        while (!cancellation.IsCancellationRequested)
        {
            process.Refresh();
            memory.Add(process.WorkingSet64);
            await Task.Delay(500, cancellation).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private static async Task<string[]> AloneAsync(string[] questions)
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("models", "builtin"), new FathomModelOptions { Engine = new EngineOptions { CacheBytes = 0 } });
        var answers = new string[questions.Length];
        for (int i = 0; i < questions.Length; i++)
        {
            ChatSession chat = model.StartChat(new ChatOptions { Generation = new GenerationOptions { MaxTokens = 40, Sampling = new SamplingOptions { Temperature = 0 } } });
            answers[i] = await chat.AskAsync(questions[i]);
        }

        return answers;
    }

    private static async Task<string> AskAsync(TestServer server, string question)
    {
        string text = string.Empty;
        bool isDone = false;
        await foreach ((string? _, string data) in server.StreamAsync("/v1/chat/completions", Body(question)))
        {
            if (data == "[DONE]") isDone = true;
            else if (JsonNode.Parse(data)!["choices"] is { } choices) text += (string?)choices[0]!["delta"]!["content"];
            else Assert.Fail($"The answer ended with {data}");
        }

        Assert.True(isDone);
        return text;
    }

    private static async Task LeaveAsync(TestServer server, string question, int after)
    {
        using var cancellation = new CancellationTokenSource();
        try
        {
            int seen = 0;
            await foreach ((string?, string) one in server.StreamAsync("/v1/chat/completions", Body(question), cancellation: cancellation.Token))
            {
                if (seen++ >= after) await cancellation.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static string Body(string question) => $$"""{"messages":[{"role":"user","content":{{TestServer.Quote(question)}}}],"temperature":0,"max_tokens":40,"stream":true}""";

    // Some share their beginning, lengths are mixed.
    private static string Question(int i)
    {
        var random = new Random(i / 4);
        string[] names = ["Ana", "Bo", "Cleo", "Dan"], towns = ["Lisbon", "Oslo", "Rome", "Bergen"];
        string document = string.Concat(Enumerable.Range(0, 2 + (i / 4 % 15 * 6)).Select(_ => $"{names[random.Next(4)]} has a boat with the number {random.Next(100, 999)} in {towns[random.Next(4)]}. "));
        return $"{document}\n\nWhere is the boat of {names[i % 4]}?";
    }
}
