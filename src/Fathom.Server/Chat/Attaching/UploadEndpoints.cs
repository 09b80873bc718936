using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Fathom.Documents;
using Fathom.Server.Errors;
using Fathom.Server.Streams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Fathom.Server.Chat.Attaching;

/// <summary>
/// The paths by which files come in: an upload is begun, each file is sent as it is (<c>PUT</c>, its path in a header), and then all are read. No forms: a body is one file's bytes and nothing else.
/// </summary>
internal sealed class UploadEndpoints(AnswerService service, Uploads uploads)
{
    /// <summary>Where they lie.</summary>
    public const string Prefix = "/web/uploads";

    private const string PathHeader = "x-fathom-path";
    private const string BodyType = "application/octet-stream";
    private const int MostSkipped = 1_000;

    /// <summary>Adds them to a server.</summary>
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapPost(Prefix, BeginAsync);
        app.MapPut(Prefix + "/{id}/files", TakeAsync);
        app.MapPost(Prefix + "/{id}/read", ReadAsync);
        app.MapDelete(Prefix + "/{id}", EndAsync);
    }

    private async Task BeginAsync(HttpContext context)
    {
        await service.ReadBodyAsync(context).ConfigureAwait(false);
        Upload upload = uploads.Begin(ChatEndpoints.OwnerOf(context));
        await context.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["id"] = upload.Id,
                ["max_file_bytes"] = service.Options.MaxUploadFileBytes,
                ["max_bytes"] = service.Options.MaxUploadBytes,

                // What would be left out anyhow need not come.
                ["left_out_folders"] = new JsonArray([.. DocumentReader.VendoredFolders.Order(StringComparer.Ordinal).Select(name => (JsonNode)name)]),
            },
            context.RequestAborted).ConfigureAwait(false);
    }

    private async Task TakeAsync(HttpContext context)
    {
        Upload upload = Find(context);
        HttpRequest request = context.Request;
        if (request.ContentType?.Split(';')[0].Trim().Equals(BodyType, StringComparison.OrdinalIgnoreCase) != true)
            throw new ApiException(415, ApiException.InvalidRequest, $"Send the file's bytes as they are, with the content type {BodyType}; forms are not read.");
        if (request.Headers.ContentEncoding.Count > 0) throw new ApiException(415, ApiException.InvalidRequest, "Send the file's bytes as they are, without a Content-Encoding.");
        string path = Decoded(request.Headers[PathHeader].FirstOrDefault()) ?? throw ApiException.BadField(PathHeader, $"The header {PathHeader} is missing or damaged; it says how the file is called, percent-encoded.");

        // The file has limits of its own, which are told in its name.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = service.Options.MaxUploadFileBytes + 1;
        await uploads.TakeAsync(upload, path, request.Body, request.ContentLength, context.RequestAborted).ConfigureAwait(false);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task ReadAsync(HttpContext context)
    {
        await service.ReadBodyAsync(context).ConfigureAwait(false);
        Upload upload = Find(context);

        // Only the last step counts for who watches; thousands of small files must not wait for a slow page.
        var steps = Channel.CreateBounded<ReadProgress>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        Task<(IReadOnlyList<ChatDocument> Documents, IReadOnlyList<SkippedFile> Skipped)> reading = uploads.ReadAsync(upload, new Steps(steps.Writer), context.RequestAborted);
        _ = reading.ContinueWith(_ => steps.Writer.TryComplete(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        var stream = new EventStream(context);
        try
        {
            await foreach (ReadProgress step in steps.Reader.ReadAllAsync(context.RequestAborted).ConfigureAwait(false))
            {
                if (!context.Response.HasStarted) await stream.StartAsync().ConfigureAwait(false);
                await stream.SendAsync(new JsonObject { ["path"] = step.Path, ["documents"] = step.Documents }, "progress").ConfigureAwait(false);
            }

            (IReadOnlyList<ChatDocument> documents, IReadOnlyList<SkippedFile> skipped) = await reading.ConfigureAwait(false);
            if (!context.Response.HasStarted) await stream.StartAsync().ConfigureAwait(false);
            await stream.SendAsync(Result(documents, skipped), "done").ConfigureAwait(false);
        }
        catch (Exception exception) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            ApiException error = ErrorBodies.Of(exception, Dialect.OpenAI) ?? ErrorBodies.Defect(RequestIds.Of(context));
            ServerLog.Failed(context, exception, error.Status);
            await stream.SendAsync(new JsonObject { ["message"] = error.Message }, "error").ConfigureAwait(false);
        }
        finally
        {
            // When the page went away the reading ends by itself; nobody waits for what it throws.
            await reading.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    private Task EndAsync(HttpContext context)
    {
        uploads.End(Find(context));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Upload Find(HttpContext context) => uploads.Find(ChatEndpoints.OwnerOf(context), (string)context.Request.RouteValues["id"]!) ?? throw ChatEndpoints.NotFound("upload");

    private static JsonObject Result(IReadOnlyList<ChatDocument> documents, IReadOnlyList<SkippedFile> skipped) => new()
    {
        ["documents"] = new JsonArray([.. documents.Select(document => (JsonNode)ChatJsonForms.Of(document))]),
        ["skipped"] = new JsonArray([.. skipped.Take(MostSkipped).Select(file => (JsonNode)new JsonObject { ["path"] = file.Path, ["reason"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(file.Reason.ToString()), ["message"] = file.Message })]),
        ["skipped_count"] = skipped.Count,
    };

    // Damaged escapes stay as they are.
    private static string? Decoded(string? path) => string.IsNullOrEmpty(path) ? null : Uri.UnescapeDataString(path);

    private sealed class Steps(ChannelWriter<ReadProgress> writer) : IProgress<ReadProgress>
    {
        public void Report(ReadProgress value) => writer.TryWrite(value);
    }
}
