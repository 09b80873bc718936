using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fathom.Server.Chat;

/// <summary>The files of the web chat's page, which are inside this assembly. Browsers ask each time whether theirs are still good.</summary>
internal sealed class PageFiles
{
    private const string ResourcePrefix = "web/";
    private const string Path = "/web/files/";

    // Nothing but this server's own files, no script in the page's text, and no string that becomes markup without having been cleaned.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify fathom";

    private readonly Dictionary<string, PageFile> files = [];

    private sealed record PageFile(string ContentType, byte[] Bytes, byte[]? Packed, string Tag);

    /// <summary>Reads them all; they are few and small.</summary>
    public PageFiles()
    {
        Assembly assembly = typeof(PageFiles).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal)))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);

            // Names have the separators of the system that built the assembly.
            string path = name[ResourcePrefix.Length..].Replace('\\', '/');
            string type = TypeOf(path);
            bool isText = type.Contains("text", StringComparison.Ordinal) || type.Contains("json", StringComparison.Ordinal) || type.Contains("svg", StringComparison.Ordinal);
            files[path] = new PageFile(type, bytes, isText ? Pack(bytes) : null, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\"");
        }
    }

    /// <summary>Adds them to a server.</summary>
    public void Map(IEndpointRouteBuilder app) => app.MapMethods(Path + "{**name}", ["GET", "HEAD"], context =>
    {
        string name = (string?)context.Request.RouteValues["name"] ?? string.Empty;
        return files.ContainsKey(name) && name != "index.html" ? SendAsync(context, name) : throw ChatEndpoints.NotFound("file");
    });

    /// <summary>Whether a request for the server's root comes from a browser that wants to see a page.</summary>
    public static bool WantsPage(HttpContext context) => context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>Sends the page.</summary>
    public Task SendPageAsync(HttpContext context) => SendAsync(context, "index.html");

    /// <summary>Sets the headers that keep strangers' scripts, frames and eyes out.</summary>
    public static void Protect(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers.XFrameOptions = "DENY";
    }

    private Task SendAsync(HttpContext context, string name)
    {
        PageFile file = files[name];
        HttpResponse response = context.Response;
        response.Headers.ETag = file.Tag;
        response.Headers.CacheControl = "no-cache";
        response.Headers.Vary = name == "index.html" ? "Accept, Accept-Encoding" : "Accept-Encoding";
        if (name == "sw.js") response.Headers["Service-Worker-Allowed"] = "/";
        if (context.Request.Headers.IfNoneMatch.ToString().Contains(file.Tag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        bool isPacked = file.Packed is not null && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        byte[] bytes = isPacked ? file.Packed! : file.Bytes;
        if (isPacked) response.Headers.ContentEncoding = "gzip";
        response.ContentType = file.ContentType;
        response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(bytes);
        return packed.ToArray();
    }

    private static string TypeOf(string path) => System.IO.Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".json" => "application/json",
        ".webmanifest" => "application/manifest+json",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".woff2" => "font/woff2",
        _ => "text/plain; charset=utf-8",
    };
}
