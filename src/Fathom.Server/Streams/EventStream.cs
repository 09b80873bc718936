using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Fathom.Server.Streams;

/// <summary>Server-sent events, flushed one by one (interface specification, section 1.9).</summary>
internal sealed class EventStream(HttpContext context)
{
    // Answers repeat parts of requests some levels deeper than these were read.
    private const int MaxDepth = 256;

    /// <summary>JSON on one line, readable in every script.</summary>
    public static JsonSerializerOptions Json { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth };

    /// <summary>Sends the headers.</summary>
    public async Task StartAsync()
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Sends an event.</summary>
    /// <param name="data">Its data.</param>
    /// <param name="name">Its name; null for none.</param>
    public Task SendAsync(JsonNode data, string? name = null) => WriteAsync($"{(name is null ? string.Empty : $"event: {name}\n")}data: {data.ToJsonString(Json)}\n\n");

    /// <summary>Sends an event whose data is JSON text on one line already.</summary>
    public Task SendAsync(string data, string name) => WriteAsync($"event: {name}\ndata: {data}\n\n");

    /// <summary>Sends OpenAI's last line.</summary>
    public Task SendDoneAsync() => WriteAsync("data: [DONE]\n\n");

    /// <summary>Sends a comment, which clients pass over.</summary>
    public Task SendCommentAsync(string comment) => WriteAsync($": {comment}\n\n");

    // A reader that takes nothing for very long would hold its place for ever.
    private async Task WriteAsync(string text)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(TimeSpan.FromSeconds(context.RequestServices.GetRequiredService<ServerOptions>().StalledSeconds));
        try
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), patience.Token).ConfigureAwait(false);
            await context.Response.Body.FlushAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
            throw;
        }
    }
}
