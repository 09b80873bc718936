using System.Text;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Text;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Streams;

/// <summary>
/// An answer in one piece. When it takes long, the headers go out first and then an empty line now and then in front of the JSON, because clients and proxies give up after some silence
/// (interface specification, section 1.9).
/// </summary>
/// <param name="context">The request.</param>
/// <param name="dialect">For errors.</param>
/// <param name="body">Makes the answer of all completed ones and the tokens that were picked for each.</param>
/// <param name="choices">How many answers.</param>
internal sealed class WholeWriter(HttpContext context, Dialect dialect, Func<IReadOnlyList<GenerationCompleted>, IReadOnlyList<IReadOnlyList<TokenSampled>>, JsonNode> body, int choices = 1) : IAnswerWriter
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly PickedTokens[] picked = [.. Enumerable.Range(0, choices).Select(_ => new PickedTokens())];
    private long lastSign = Environment.TickCount64;

    public Task StartAsync() => Task.CompletedTask;

    public Task WriteAsync(int choice, CompletionEvent happened)
    {
        picked[choice].Read(happened);
        return BeatAsync();
    }

    public async Task BeatAsync()
    {
        if (Environment.TickCount64 - lastSign < Patience.TotalMilliseconds) return;
        lastSign = Environment.TickCount64;
        context.Response.ContentType = "application/json";
        await SendAsync("\n").ConfigureAwait(false);
    }

    public async Task EndAsync(IReadOnlyList<GenerationCompleted> completed)
    {
        if (!context.Response.HasStarted) context.Response.ContentType = "application/json";
        await SendAsync(body(completed, [.. picked.Select(one => one.Waiting)]).ToJsonString(EventStream.Json)).ConfigureAwait(false);
    }

    public Task FailAsync(ApiException error) => SendAsync(ErrorBodies.Body(error, dialect, RequestIds.Of(context)).ToJsonString(EventStream.Json));

    private async Task SendAsync(string text)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }
}
