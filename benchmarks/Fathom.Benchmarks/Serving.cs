using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Fathom.Inference;
using Fathom.Server;

namespace Fathom.Benchmarks;

/// <summary>The server over HTTP: tokens a second with more and more streaming clients, and the time to the first token behind a long shared prefix: read, from memory, and from disk after a restart.</summary>
internal static class Serving
{
    private const int AnswerTokens = 128;

    public static async Task RunAsync(string path, int prefixTokens)
    {
        string cache = Path.Combine(Path.GetTempPath(), $"fathom-serving-{Environment.ProcessId}");
        try
        {
            await ThroughputAsync(path);
            await FirstTokenAsync(path, prefixTokens, cache);
        }
        finally
        {
            if (Directory.Exists(cache)) Directory.Delete(cache, recursive: true);
        }
    }

    private static async Task ThroughputAsync(string path)
    {
        await using Running running = await Running.StartAsync(path, new EngineOptions { MaxConcurrent = 32 });
        double one = 0;
        await running.StreamAsync(Words(running, 40, 0), AnswerTokens);
        Print($"{"clients",8} {"tokens/s",10} {"times one client",17}");
        foreach (int clients in (int[])[1, 2, 4, 8, 16, 32])
        {
            // The best of three: the first lets the runtime compile for so many rows.
            double rate = 0;
            for (int round = 0; round < 3; round++) rate = Math.Max(rate, await RateAsync(running, clients, round));
            if (clients == 1) one = rate;
            Print($"{clients,8} {rate,10:f1} {rate / one,17:f2}");
        }
    }

    private static async Task<double> RateAsync(Running running, int clients, int round)
    {
        long start = Stopwatch.GetTimestamp();
        int[] tokens = await Task.WhenAll(Enumerable.Range(0, clients).Select(async i => (await running.StreamAsync(Words(running, 40, (((round * 100) + clients) * 100) + i), AnswerTokens)).Tokens));
        return tokens.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task FirstTokenAsync(string path, int prefixTokens, string cache)
    {
        var engine = new EngineOptions { CacheFolder = cache, CacheFolderBytes = 100L << 30, CacheBytes = 8L << 30 };
        int[] prefix;
        double first, again;
        await using (Running running = await Running.StartAsync(path, engine))
        {
            prefix = Words(running, prefixTokens, 1);
            await running.StreamAsync(Words(running, 300, 2), 4);
            first = (await running.StreamAsync([.. prefix, .. Words(running, 20, 3)], 4)).FirstToken;
            await running.StreamAsync([.. prefix, .. Words(running, 20, 4)], 4);
            again = (await running.StreamAsync([.. prefix, .. Words(running, 20, 5)], 4)).FirstToken;
        }

        long bytes = Directory.EnumerateFiles(cache).Sum(file => new FileInfo(file).Length);
        await using Running restarted = await Running.StartAsync(path, engine);
        await restarted.StreamAsync(Words(restarted, 300, 6), 4);
        double disk = (await restarted.StreamAsync([.. prefix, .. Words(restarted, 20, 7)], 4)).FirstToken;
        Print($"first token behind {prefixTokens:n0} tokens: read {first:f3} s; from memory {again:f4} s, {first / again:f0} times sooner; from disk after a restart {disk:f4} s, {first / disk:f0} times sooner ({bytes / 1e6:f0} MB in the folder)");
    }

    private static int[] Words(Running running, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(10, running.Model.Tokenizer.VocabularySize / 2))];
    }

    private static void Print(FormattableString text) => Console.Out.WriteLine(FormattableString.Invariant(text));

    private sealed class Running(FathomModel model, FathomServer server) : IAsyncDisposable
    {
        private readonly HttpClient http = new() { BaseAddress = server.Address, Timeout = TimeSpan.FromHours(1) };

        public FathomModel Model => model;

        public static async Task<Running> StartAsync(string path, EngineOptions engine)
        {
            FathomModel model = FathomModel.Open(path, new FathomModelOptions { Engine = engine, TokenizerPath = path.EndsWith(".gguf", StringComparison.Ordinal) ? RepositoryFiles.PathOf("models", "builtin", "tokenizer.json") : null });
            return new Running(model, await FathomServer.StartAsync(model, new ServerOptions { Port = 0 }));
        }

        public async Task<(int Tokens, double FirstToken)> StreamAsync(int[] prompt, int answer)
        {
            string body = string.Create(CultureInfo.InvariantCulture, $$"""{"prompt":{{JsonSerializer.Serialize(prompt)}},"max_tokens":{{answer}},"temperature":0,"ignore_eos":true,"stream":true}""");
            long start = Stopwatch.GetTimestamp();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            response.EnsureSuccessStatusCode();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            double first = 0;
            int tokens = 0;
            while (await reader.ReadLineAsync() is { } line)
            {
                if (!line.StartsWith("data: {", StringComparison.Ordinal)) continue;
                if (first == 0) first = Stopwatch.GetElapsedTime(start).TotalSeconds;
                using JsonDocument chunk = JsonDocument.Parse(line[6..]);
                if (chunk.RootElement.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object) tokens = usage.GetProperty("completion_tokens").GetInt32();
            }

            return (tokens, first);
        }

        public async ValueTask DisposeAsync()
        {
            http.Dispose();
            await server.DisposeAsync();
            model.Dispose();
        }
    }
}
