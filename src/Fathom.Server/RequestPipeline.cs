using System.Text.Json.Nodes;
using Fathom.Server.Access;
using Fathom.Server.Chat;
using Fathom.Server.Errors;
using Fathom.Server.Operation;
using Fathom.Server.Streams;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server;

/// <summary>What every request goes through: its id, the paths of all base addresses, host and origin, its key, and errors in its dialect's words.</summary>
internal sealed class RequestPipeline(KeyRing keys, OriginGuard guard, WebAccess web, ServerMetrics metrics, DrainGate gate)
{
    private static readonly string[] Prefixes = ["/anthropic", "/beta", "/v1"];
    private static readonly string[] Open = ["/health", "/healthz", "/ping", "/ready", "/"];

    /// <summary>Runs a request.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        string id = RequestIds.Of(context);
        context.Response.Headers["x-request-id"] = id;
        context.Response.Headers["request-id"] = id;
        Shorten(context);
        Dialect dialect = DialectOf.Request(context);
        try
        {
            if (guard.Check(context)) return;
            if (WebAccess.IsWeb(context.Request.Path))
            {
                PageFiles.Protect(context);
                web.Check(context);
            }
            else if (!Open.Contains(context.Request.Path.Value)) keys.Check(context);
            using IDisposable entry = gate.Enter();
            await next(context).ConfigureAwait(false);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to tell.
            _ = exception;
            metrics.Cancelled();
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            ApiException error = ErrorBodies.Of(exception, dialect) ?? ErrorBodies.Defect(id);
            ServerLog.Failed(context, exception, error.Status);
            metrics.Refused(dialect, error.Status);
            await WriteAsync(context, error, dialect).ConfigureAwait(false);
        }
    }

    /// <summary>Writes an error as the whole answer.</summary>
    public static Task WriteAsync(HttpContext context, ApiException error, Dialect dialect)
    {
        context.Response.StatusCode = error.Status;
        if (error.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        context.Response.ContentType = "application/json";
        JsonObject body = ErrorBodies.Body(error, dialect, RequestIds.Of(context));
        return context.Response.WriteAsync(body.ToJsonString(EventStream.Json), context.RequestAborted);
    }

    // The same paths under every base address that clients are given.
    private static void Shorten(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        bool wasCut;
        do
        {
            wasCut = false;
            foreach (string prefix in Prefixes)
            {
                if (!path.StartsWith(prefix + "/", StringComparison.OrdinalIgnoreCase)) continue;
                path = path[prefix.Length..];
                wasCut = true;
            }
        }
        while (wasCut);
        if (path.Length > 1) path = path.TrimEnd('/');
        context.Request.Path = path.Length == 0 ? "/" : path;
    }
}
