using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fathom.Hub.Tests;

/// <summary>A hub in this process, on a port of its own, that misbehaves as a test wishes.</summary>
internal sealed class TestHub : IAsyncDisposable
{
    public const string Repository = "acme/tiny-model";
    public const int SmallestLargeFile = 10_000;

    private readonly WebApplication app;
    private long bytesSent;

    private TestHub(WebApplication app) => this.app = app;

    /// <summary>What is announced and, unless <see cref="Sent"/> says otherwise, sent.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>What is sent instead of what is announced.</summary>
    public ConcurrentDictionary<string, byte[]> Sent { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<(string Path, string? Authorization, string? Range)> Requests { get; } = new();

    /// <summary>Looks at each request first; true when it answered.</summary>
    public Func<HttpContext, Task<bool>>? Interfere { get; set; }

    /// <summary>How many bytes of an answer may pass before the connection breaks; null for all.</summary>
    public Func<long?>? BreakAfter { get; set; }

    public bool KnowsRanges { get; set; } = true;

    /// <summary>Whether names of repositories are taken in any case.</summary>
    public bool IgnoresCase { get; set; }

    /// <summary>The ETag of what is sent.</summary>
    public Func<byte[], string> Tag { get; set; } = content => $"\"{Sha256(content)[..16]}\"";

    public int? BytesPerSecond { get; set; }

    /// <summary>The host that large files are redirected to.</summary>
    public TestHub? ContentHost { get; set; }

    public string Commit { get; set; } = new('c', 40);

    public long BytesSent => Interlocked.Read(ref bytesSent);

    public Uri Address => new(app.Urls.First());

    public static async Task<TestHub> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").UseShutdownTimeout(TimeSpan.Zero);
        var hub = new TestHub(builder.Build());
        hub.app.Run(hub.AnswerAsync);
        await hub.app.StartAsync();
        return hub;
    }

    /// <summary>A hub with a small file, an empty one and two large ones.</summary>
    public static async Task<TestHub> WithModelAsync(int largeBytes = 300_000)
    {
        TestHub hub = await StartAsync();
        hub.Files["config.json"] = Encoding.UTF8.GetBytes("""{"model_type":"tiny"}""");
        hub.Files["notes/empty.txt"] = [];
        hub.Files["model-1.safetensors"] = Random(1, largeBytes);
        hub.Files["model-2.safetensors"] = Random(2, largeBytes + 12_345);
        return hub;
    }

    public static byte[] Random(int seed, int bytes)
    {
        var content = new byte[bytes];
        new Random(seed).NextBytes(content);
        return content;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

#pragma warning disable CA5350 // Git's name for content.
    private static string GitSha1(byte[] content) => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
#pragma warning restore CA5350

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        if (IgnoresCase) path = path.Replace(Repository, Repository, StringComparison.OrdinalIgnoreCase);
        Requests.Enqueue((path, context.Request.Headers.Authorization.FirstOrDefault(), context.Request.Headers.Range.FirstOrDefault()));
        if (Interfere is { } interfere && await interfere(context)) return;
        if (path.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal)) await ListAsync(context);
        else if (path.StartsWith($"/{Repository}/resolve/{Commit}/", StringComparison.Ordinal)) await FileAsync(context, path[$"/{Repository}/resolve/{Commit}/".Length..]);
        else if (path.StartsWith($"/api/resolve-cache/models/{Repository}/{Commit}/", StringComparison.Ordinal)) await FileAsync(context, path[$"/api/resolve-cache/models/{Repository}/{Commit}/".Length..]);
        else context.Response.StatusCode = 404;
    }

    private async Task ListAsync(HttpContext context)
    {
        object[] siblings =
        [
            .. Files.Select(pair => pair.Value.Length >= SmallestLargeFile
                ? (object)new { rfilename = pair.Key, size = pair.Value.Length, blobId = new string('0', 40), lfs = new { sha256 = Sha256(pair.Value), size = pair.Value.Length, pointerSize = 130 } }
                : new { rfilename = pair.Key, size = pair.Value.Length, blobId = GitSha1(pair.Value) }),
        ];
        await context.Response.WriteAsync(JsonSerializer.Serialize(new { id = Repository, sha = Commit, siblings }));
    }

    private async Task FileAsync(HttpContext context, string path)
    {
        if (!Files.TryGetValue(path, out byte[]? announced))
        {
            context.Response.StatusCode = 404;
            return;
        }

        if (ContentHost is { } other && announced.Length >= SmallestLargeFile)
        {
            context.Response.Headers["X-Linked-Etag"] = $"\"{Sha256(announced)}\"";
            context.Response.Redirect(new Uri(other.Address, context.Request.Path.Value).AbsoluteUri);
            return;
        }

        byte[] content = Sent.TryGetValue(path, out byte[]? sent) ? sent : announced;
        context.Response.Headers.ETag = Tag(content);
        (int from, int end) = (0, content.Length);
        if (KnowsRanges && context.Request.Headers.Range.FirstOrDefault() is { } range)
        {
            int[] ends = [.. range["bytes=".Length..].Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
            if (ends[0] >= content.Length)
            {
                context.Response.StatusCode = 416;
                context.Response.Headers.ContentRange = $"bytes */{content.Length}";
                return;
            }

            (from, end) = (ends[0], Math.Min(content.Length, ends[1] + 1));
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{end - 1}/{content.Length}";
        }

        context.Response.ContentLength = end - from;
        await SendAsync(context, content.AsMemory(from..end));
    }

    private async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> content)
    {
        long? breaksAfter = BreakAfter?.Invoke();
        for (int at = 0; at < content.Length;)
        {
            int count = Math.Min(content.Length - at, BytesPerSecond is { } speed ? Math.Max(1, speed / 50) : 16 << 10);
            if (breaksAfter < at + count)
            {
                count = (int)breaksAfter.Value - at;
                await context.Response.Body.WriteAsync(content.Slice(at, count), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                Interlocked.Add(ref bytesSent, count);
                context.Abort();
                return;
            }

            await context.Response.Body.WriteAsync(content.Slice(at, count), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            Interlocked.Add(ref bytesSent, count);
            at += count;
            if (BytesPerSecond is not null) await Task.Delay(20, context.RequestAborted);
        }
    }
}
