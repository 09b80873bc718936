using System.Net;
using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Server.Access;
using Fathom.Server.Chat;
using Fathom.Server.Chat.Attaching;
using Fathom.Server.Dialects.Anthropic;
using Fathom.Server.Dialects.OpenAI;
using Fathom.Server.Dialects.Responses;
using Fathom.Server.Errors;
using Fathom.Server.Operation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Fathom.Server;

/// <summary>An HTTP server for one model, in the dialects of OpenAI, DeepSeek and Anthropic.</summary>
public sealed class FathomServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ServerOptions options;
    private readonly DrainGate gate = new();
    private readonly ServerMetrics metrics;
    private readonly UsageLog? usageLog;
    private readonly WebChat webChat;

    private FathomServer(FathomModel model, ServerOptions options, Action<ILoggingBuilder>? logging)
    {
        this.options = options;
        IReadOnlyList<ApiKey> keys = options.KeysFile is null ? [] : KeyFile.Read(options.KeysFile);
        IPAddress address = AddressOf(options.Host);
        if (!IPAddress.IsLoopback(address) && keys.Count == 0 && !options.AllowsAnyone)
            throw new InvalidOperationException($"Listening on {options.Host} would let everybody in the network use this model; give a file of keys (--keys FILE, made by 'fathom keys add'), or say that this is wanted (--allow-anyone).");
        if (options.CorsOrigins.Contains("*") && keys.Count == 0 && !options.AllowsAnyone)
            throw new InvalidOperationException("Allowing web pages of every origin without keys would let every page you visit use this model; give a file of keys (--keys FILE), or say that this is wanted (--allow-anyone).");

        var ring = new KeyRing(keys);
        metrics = new ServerMetrics(model);
        usageLog = options.UsageFile is null ? null : new UsageLog(options.UsageFile, Console.Error.WriteLine);
        app = Build(address, logging);
        var service = new AnswerService(model, options, ring, metrics, usageLog, gate.Ending);
        var access = new WebAccess(ring);
        var pipeline = new RequestPipeline(ring, new OriginGuard(options, ring.IsClosed), access, metrics, gate);
        webChat = new WebChat(service);
        app.Use((context, next) => pipeline.InvokeAsync(context, next));

        // Attached files come as they are, and are counted as they come.
        app.UseWhen(context => !context.Request.Path.StartsWithSegments(UploadEndpoints.Prefix), branch => branch.UseRequestDecompression());
        app.UseRouting();
        Map(service);
        webChat.Map(app, access);
    }

    /// <summary>Where the server listens, once it has started.</summary>
    public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Requests that are being answered.</summary>
    public int OpenRequests => gate.Inside;

    /// <summary>Starts a server.</summary>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="options">How to answer.</param>
    /// <param name="logging">Where log lines go; null for nowhere.</param>
    /// <param name="cancellation">Gives up starting.</param>
    /// <exception cref="InvalidOperationException">The options would open the model to strangers.</exception>
    /// <exception cref="InvalidDataException">The file of keys is damaged.</exception>
    /// <exception cref="IOException">The port is taken, or a file cannot be used.</exception>
    public static async Task<FathomServer> StartAsync(FathomModel model, ServerOptions options, Action<ILoggingBuilder>? logging = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        var server = new FathomServer(model, options, logging);
        await server.app.StartAsync(cancellation).ConfigureAwait(false);
        return server;
    }

    /// <summary>Takes no more requests, lets running ones finish for a while, and stops.</summary>
    public async Task StopAsync()
    {
        await gate.CloseAsync(TimeSpan.FromSeconds(options.DrainSeconds)).ConfigureAwait(false);
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await app.StopAsync(soon.Token).ConfigureAwait(false);
    }

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await webChat.DisposeAsync().ConfigureAwait(false);
        await app.DisposeAsync().ConfigureAwait(false);
        if (usageLog is not null) await usageLog.DisposeAsync().ConfigureAwait(false);
        metrics.Dispose();
        gate.Dispose();
    }

    private static IPAddress AddressOf(string host) => host switch
    {
        "localhost" => IPAddress.Loopback,
        "*" => IPAddress.Any,
        _ => IPAddress.TryParse(host, out IPAddress? address) ? address : throw new InvalidOperationException($"'{host}' is no address to listen on; give an IP address, localhost, or * for all."),
    };

    private WebApplication Build(IPAddress address, Action<ILoggingBuilder>? logging)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        logging?.Invoke(builder.Logging);
        builder.Services.AddSingleton(options);
        builder.Services.AddRoutingCore();
        builder.Services.AddRequestDecompression();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
            kestrel.Listen(address, options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry();
        bool exports = Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 };
        telemetry.WithMetrics(provider =>
        {
            provider.AddMeter(ServerMetrics.Name).AddPrometheusExporter();
            if (exports) provider.AddOtlpExporter();
        });

        // Nothing leaves the machine unless an address to send it to is named.
        if (exports) telemetry.WithTracing(provider => provider.AddSource(ServerMetrics.Name).AddOtlpExporter());
        return builder.Build();
    }

    private void Map(AnswerService service)
    {
        var chat = new ChatCompletionsEndpoint(service);
        var completions = new CompletionsEndpoint(service);
        var responses = new ResponsesEndpoint(service);
        var messages = new MessagesEndpoint(service);
        var tokens = new TokenEndpoints(service);
        var status = new StatusEndpoints(service);
        var models = new ModelList(service);
        JsonObject openApi = OpenApiDocument.Create();
        app.MapPost("/chat/completions", chat.HandleAsync);
        app.MapPost("/completions", completions.HandleAsync);
        app.MapPost("/responses", responses.HandleAsync);
        app.MapPost("/messages", messages.HandleAsync);
        app.MapPost("/messages/count_tokens", messages.CountAsync);
        app.MapGet("/models", context => context.Response.WriteAsJsonAsync(models.All(), context.RequestAborted));
        app.MapGet("/models/{**id}", context =>
        {
            string id = (string)context.Request.RouteValues["id"]!;
            JsonObject model = models.One(id, DialectOf.Request(context)) ?? throw ApiException.ModelNotFound(id, options.ModelId);
            return context.Response.WriteAsJsonAsync(model, context.RequestAborted);
        });
        app.MapPost("/tokenize", tokens.TokenizeAsync);
        app.MapPost("/detokenize", tokens.DetokenizeAsync);
        app.MapPost("/apply-template", tokens.ApplyTemplateAsync);
        foreach (string path in (string[])["/health", "/healthz", "/ping", "/ready"]) app.MapGet(path, StatusEndpoints.HealthAsync);
        app.MapGet("/version", StatusEndpoints.VersionAsync);
        app.MapGet("/user/balance", StatusEndpoints.BalanceAsync);
        app.MapGet("/props", status.PropsAsync);
        app.MapGet("/slots", status.SlotsAsync);
        app.MapGet("/openapi.json", context => context.Response.WriteAsJsonAsync(openApi, context.RequestAborted));
        app.MapPrometheusScrapingEndpoint("/metrics");
        app.MapMethods("/", ["GET", "HEAD"], context => PageFiles.WantsPage(context) ? webChat.SendPageAsync(context) : context.Response.WriteAsync(HttpMethods.IsHead(context.Request.Method) ? string.Empty : "Fathom is running.\n", context.RequestAborted));
        app.MapFallback("{**path}", NotFoundAsync);
    }

    private Task NotFoundAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        string[] methods = [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText == path).SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])];
        if (methods.Length > 0)
        {
            context.Response.Headers.Allow = string.Join(", ", methods);
            throw new ApiException(405, ApiException.InvalidRequest, $"{path} takes {string.Join(" or ", methods)}, not {context.Request.Method}.");
        }

        string[] others = ["/embeddings", "/audio", "/images", "/files", "/batches", "/assistants", "/moderations", "/rerank"];
        string message = others.Any(other => path.StartsWith(other, StringComparison.Ordinal))
            ? $"DeepSeek V4 writes text and has no such function as {path}."
            : $"There is nothing at {path}; GET /openapi.json lists what there is.";
        throw new ApiException(404, ApiException.InvalidRequest, message) { Code = "not_found" };
    }
}
