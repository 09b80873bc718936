using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fathom.Server.Tests.Faults;

/// <summary>Whatever comes in, the answer is an error in the client's dialect and never the server's own failure.</summary>
public sealed class MalformedRequestTests
{
    private const int Clients = 4;

    // What a short request may take on a busy machine; the point is that it ends.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Malformed_requests_are_refused_politely(int seed)
    {
        await using TestServer server = await FaultServer.StartAsync();
        var requests = new MalformedRequests(seed);
        int count = FaultServer.IsLong ? 50_000 : 5_000;
        var statuses = new ConcurrentDictionary<int, int>();
        var failures = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, count).Select(_ => requests.Next()), new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (request, _) =>
        {
            (int status, string? fault) = await SendAsync(server, request);
            statuses.AddOrUpdate(status, 1, (_, known) => known + 1);
            if (fault is not null) failures.Add($"{request.Kind} {request.Path} {request.Encoding} -> {status} {fault}\n    {Encoding.UTF8.GetString(request.Body, 0, Math.Min(request.Body.Length, 2000))}");
        });
        TestContext.Current.SendDiagnosticMessage("statuses: " + string.Join(", ", statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}")));
        Assert.True(failures.IsEmpty, $"{failures.Count} failures\n" + string.Join('\n', failures.Take(8)));
        Assert.Equal(0, server.Server.OpenRequests);
        await FaultServer.AssertAnswersAsync(server);
    }

    [Fact]
    public async Task The_good_requests_are_good()
    {
        await using TestServer server = await FaultServer.StartAsync();
        foreach ((string path, string body) in GoodRequests.All)
        {
            (int status, string? fault) = await SendAsync(server, new MalformedRequest(path, Encoding.UTF8.GetBytes(body), null, "good"));
            Assert.True(status == 200 && fault is null, $"{path} {status} {fault} {body}");
        }
    }

    private static async Task<(int Status, string? Fault)> SendAsync(TestServer server, MalformedRequest malformed)
    {
        long started = Stopwatch.GetTimestamp();
        using var content = new ByteArrayContent(malformed.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (malformed.Encoding is not null) content.Headers.TryAddWithoutValidation("Content-Encoding", malformed.Encoding);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            using HttpResponseMessage response = await server.Http.PostAsync(malformed.Path, content, patience.Token);
            string text = await response.Content.ReadAsStringAsync(patience.Token);
            int status = (int)response.StatusCode;
            if (Stopwatch.GetElapsedTime(started) > Patience) return (status, "took too long");
            if (!response.Headers.Contains("x-request-id")) return (status, "no request id");
            return (status, status == 200 ? FaultOfAnswer(response, text) : FaultOfError(malformed.Path, status, text));
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            return (0, exception.ToString());
        }
    }

    // A stream may fail after it began, but not through a defect of the server's.
    private static string? FaultOfAnswer(HttpResponseMessage response, string text)
    {
        if (text.Contains("Something went wrong inside", StringComparison.Ordinal)) return text;
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream") return IsJson(text) ? null : "no JSON: " + text;
        bool hasEnd = text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) || text.Contains("event: message_stop", StringComparison.Ordinal)
            || text.Contains("event: response.completed", StringComparison.Ordinal) || text.Contains("event: response.incomplete", StringComparison.Ordinal);
        return hasEnd ? null : "the stream has no end: " + text;
    }

    private static string? FaultOfError(string path, int status, string text)
    {
        if (status is < 400 or >= 500) return "not the client's error: " + text;
        if (!IsJson(text)) return "no JSON: " + text;
        JsonNode body = JsonNode.Parse(text)!;
        JsonObject? error = body["error"] as JsonObject;
        bool hasText = (string?)error?["message"] is { Length: > 10 } && (string?)error["type"] is { Length: > 0 };
        bool isAnthropic = path.Contains("/messages", StringComparison.Ordinal);
        bool isOfDialect = isAnthropic
            ? (string?)body["type"] == "error" && (string?)body["request_id"] is { Length: > 0 }
            : error?.ContainsKey("param") == true && error.ContainsKey("code");
        return hasText && isOfDialect ? null : "not the dialect's body: " + text;
    }

    private static bool IsJson(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 2000 });
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
