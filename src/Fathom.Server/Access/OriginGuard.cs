using System.Net;
using Fathom.Server.Errors;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Access;

/// <summary>
/// Keeps foreign web pages out (interface specification, sections 8.3 and 8.4): a page can send requests to a local port, under a name that an attacker made point there.
/// So without keys only known names are good for a host, and pages of other origins may only ask when they are allowed.
/// </summary>
internal sealed class OriginGuard(ServerOptions options, bool hasKeys)
{
    private const string Headers = "authorization, content-type, x-api-key, anthropic-version, anthropic-beta, anthropic-dangerous-direct-browser-access";

    /// <summary>Checks a request.</summary>
    /// <returns>Whether it was a preflight and is answered.</returns>
    /// <exception cref="ApiException">The host or the origin is foreign.</exception>
    public bool Check(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!hasKeys && !options.AllowsAnyone && !IsKnown(request.Host.Host))
            throw new ApiException(403, "permission_error", $"This server does not go by the name '{request.Host.Host}'; start it with --host-name {request.Host.Host} if it should.");
        string? origin = request.Headers.Origin.FirstOrDefault();
        if (string.IsNullOrEmpty(origin)) return false;
        bool isAllowed = options.CorsOrigins.Contains("*") || options.CorsOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase);
        if (!isAllowed && !IsSame(request, origin)) throw new ApiException(403, "permission_error", $"Pages of {origin} may not ask this server; start it with --cors {origin} if they should.");
        if (isAllowed) Allow(context, origin);
        if (HttpMethods.IsOptions(request.Method) && request.Headers.ContainsKey("Access-Control-Request-Method"))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return true;
        }

        // A form or a plain script could send other types without a preflight.
        bool isJson = request.ContentType?.Split(';')[0].Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase) == true;
        if (HttpMethods.IsPost(request.Method) && !isJson) throw new ApiException(415, ApiException.InvalidRequest, "From a web page the content type must be application/json.");
        return false;
    }

    private static void Allow(HttpContext context, string origin)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = origin;
        headers.Vary = "Origin";
        headers.AccessControlAllowMethods = "GET, POST, DELETE, OPTIONS";
        string? wanted = context.Request.Headers.AccessControlRequestHeaders;

        // What cannot be a header's name cannot be repeated in one either.
        bool isPlain = !string.IsNullOrEmpty(wanted) && wanted.All(c => c is >= ' ' and <= '~');
        headers.AccessControlAllowHeaders = isPlain ? wanted : Headers;
        headers.AccessControlMaxAge = "600";
        headers.AccessControlExposeHeaders = "x-request-id, request-id, retry-after";
    }

    private bool IsKnown(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address))
        || options.HostNames.Contains(host, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a page's origin is this server itself.</summary>
    public static bool IsSame(HttpRequest request, string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase);
}
