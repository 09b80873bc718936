using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Inference.Tests;
using Fathom.Text;

namespace Fathom.Server.Tests;

/// <summary>A running server whose model says what a test wants, or the built-in one.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public static readonly Tokenizer Tokenizer = Tokenizer.Load(Repository.PathOf("models", "builtin", "tokenizer.json"));

    private readonly FathomServer server;

    private TestServer(FathomModel model, FathomServer server)
    {
        Model = model;
        this.server = server;
        Http = new HttpClient { BaseAddress = server.Address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public FathomModel Model { get; }

    public FathomServer Server => server;

    public Uri Address => server.Address;

    public HttpClient Http { get; }

    /// <summary>Serves a model whose answer a script decides from the text of the prompt; the end token follows by itself.</summary>
    public static Task<TestServer> StartAsync(Func<string, string> script, ServerOptions? options = null, EngineOptions? engine = null, int maxPositions = 100_000, Action<ScriptedModel>? look = null)
    {
        var scripted = Scripted(script, maxPositions);
        look?.Invoke(scripted);
        return StartAsync(new FathomModel(scripted, Tokenizer, ChatFormat.Release, engine), options);
    }

    /// <summary>Serves Minnow.</summary>
    public static Task<TestServer> StartBuiltInAsync(ServerOptions? options = null, EngineOptions? engine = null) =>
        StartAsync(FathomModel.Open(Repository.PathOf("models", "builtin"), new FathomModelOptions { Engine = engine ?? new EngineOptions() }), options);

    public static async Task<TestServer> StartAsync(FathomModel model, ServerOptions? options = null)
    {
        options = (options ?? new ServerOptions { ThinksByDefault = false, ThinksByDefaultForAnthropic = false }) with { Port = 0 };
        return new TestServer(model, await FathomServer.StartAsync(model, options));
    }

    /// <summary>A model that follows a script.</summary>
    /// <param name="script">Makes the answer of the text of the prompt.</param>
    /// <param name="maxPositions">The context.</param>
    /// <param name="tail">The script sees this many tokens of the end of the prompt.</param>
    public static ScriptedModel Scripted(Func<string, string> script, int maxPositions = 100_000, int tail = int.MaxValue)
    {
        int assistant = Tokenizer.FindAddedToken(Markup.Assistant)!.Value, eos = Tokenizer.FindAddedToken(Markup.Eos)!.Value;
        var known = new Dictionary<string, int[]>();
        return new ScriptedModel(Tokenizer.VocabularySize, tokens =>
        {
            int start = tokens.Count - 1;
            while (start >= 0 && tokens[start] != assistant) start--;

            // Text without a chat around it is answered as a whole.
            int begin = start < 0 ? tokens.Count : start + 2;
            if (start < 0) begin = PromptLength(tokens);
            int from = Math.Max(0, begin - tail);
            string prompt = Tokenizer.Decode([.. Enumerable.Range(from, begin - from).Select(i => tokens[i])]);
            int[] answer;
            lock (known)
            {
                if (!known.TryGetValue(prompt, out answer!)) known[prompt] = answer = Tokenizer.Encode(script(prompt), matchAddedTokens: true);
            }

            int at = tokens.Count - begin;
            var logits = new float[Tokenizer.VocabularySize];
            logits[at < answer.Length ? answer[at] : eos] = 50f;
            return logits;
        }, maxPositions, maxBatchRows: 512);
    }

    public async Task<JsonObject> PostAsync(string path, string json, int status = 200)
    {
        using HttpResponseMessage response = await Http.PostAsync(path, Body(json));
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    public async Task<JsonObject> GetAsync(string path) => JsonNode.Parse(await Http.GetStringAsync(path))!.AsObject();

    /// <summary>The events of a stream: name (or null) and data. Comments, which a slow machine may bring at any place, only when they are wanted (under the name of a colon).</summary>
    public async IAsyncEnumerable<(string? Name, string Data)> StreamAsync(string path, string json, bool keepsComments = false, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Body(json) };
        using HttpResponseMessage response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode) Assert.Fail($"{response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellation)}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation), Encoding.UTF8);
        string? name = null;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line[7..];
            else if (line.StartsWith(':') && keepsComments) yield return (":", line[1..].Trim());
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return (name, line[6..]);
                name = null;
            }
        }
    }

    public async Task<List<(string? Name, string Data)>> CollectAsync(string path, string json, bool keepsComments = false)
    {
        var all = new List<(string?, string)>();
        await foreach ((string?, string) one in StreamAsync(path, json, keepsComments)) all.Add(one);
        return all;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await server.DisposeAsync();
        Model.Dispose();
    }

    public static StringContent Body(string json) => new(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    public static string Quote(string text) => JsonSerializer.Serialize(text);

    // The script of plain text cannot know where the prompt ended: by convention at the first colon. A gap to fill has an end of its own.
    private static int PromptLength(IReadOnlyList<int> tokens)
    {
        int end = tokens.ToList().IndexOf(Tokenizer.FindAddedToken(Markup.FimEnd)!.Value);
        if (end >= 0) return end + 1;
        int colon = Tokenizer.Encode(":", matchAddedTokens: false)[0];
        int at = tokens.ToList().IndexOf(colon);
        return at < 0 ? tokens.Count : at + 1;
    }
}
