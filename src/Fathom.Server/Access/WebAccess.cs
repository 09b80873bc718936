using System.Collections.Concurrent;
using System.Security.Cryptography;
using Fathom.Server.Errors;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Access;

/// <summary>
/// Who may use the paths of the web chat: this server's own page only, and where keys are needed, who has signed in with one. A session is a random text in a cookie that no script can read
/// and that no other site's page can make a browser send; it ends with the server.
/// </summary>
internal sealed class WebAccess(KeyRing keys)
{
    /// <summary>Where everything of the web chat but its first page lies.</summary>
    public const string Prefix = "/web/";

    private const string CookieName = "fathom_session";
    private const int WrongKeysPerMinute = 30;
    private static readonly TimeSpan Lasts = TimeSpan.FromDays(30);
    private static readonly string[] Open = ["/web/session", "/web/login", "/web/logout"];

    // Written and read by any request; what is in the cookie stands here as its hash.
    private readonly ConcurrentDictionary<string, (ApiKey Key, DateTimeOffset Until)> sessions = [];
    private readonly RateWindow wrongKeys = new();

    /// <summary>Whether a path belongs to the web chat.</summary>
    public static bool IsWeb(PathString path) => path.Value?.StartsWith(Prefix, StringComparison.Ordinal) == true;

    /// <summary>Whether somebody has to sign in.</summary>
    public bool NeedsKey => keys.IsClosed;

    /// <summary>Checks a request of the web chat.</summary>
    /// <exception cref="ApiException">It comes from another page, or nobody has signed in.</exception>
    public void Check(HttpContext context)
    {
        HttpRequest request = context.Request;

        // Pages that may ask the model (--cors) must not read conversations.
        string? origin = request.Headers.Origin.FirstOrDefault();
        bool isForeign = (!string.IsNullOrEmpty(origin) && !OriginGuard.IsSame(request, origin)) || request.Headers["Sec-Fetch-Site"].FirstOrDefault() is "cross-site" or "same-site";
        bool isFile = request.Path.StartsWithSegments("/web/files");
        if (isForeign && !isFile) throw new ApiException(403, "permission_error", "Only the server's own page may use its conversations.");
        if (isFile || !keys.IsClosed) return;
        if (SessionOf(request) is { } key) KeyRing.Admit(context, key);
        else if (!Open.Contains(request.Path.Value)) keys.Check(context);
    }

    /// <summary>Begins a session.</summary>
    /// <exception cref="ApiException">The key is not known, or not good for the web chat.</exception>
    public void SignIn(HttpContext context, string given)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (wrongKeys.Look(now).Used >= WrongKeysPerMinute) throw new ApiException(429, "rate_limit_error", "Too many wrong keys were tried; wait a minute.") { RetryAfter = 60 };
        if (keys.Find(given.Trim()) is not { } key)
        {
            wrongKeys.Add(now, 1);
            throw new ApiException(401, "authentication_error", "This key is not known here; check it, or ask who runs this server for one.") { Code = "invalid_api_key" };
        }

        KeyRing.Admit(context, key);
        foreach ((string old, (_, DateTimeOffset until)) in sessions)
        {
            if (until < now) sessions.TryRemove(old, out _);
        }

        string session = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        sessions[HashOf(session)] = (key, now + Lasts);
        context.Response.Cookies.Append(CookieName, session, Cookie(context, Lasts));
    }

    /// <summary>Ends a session.</summary>
    public void SignOut(HttpContext context)
    {
        if (context.Request.Cookies[CookieName] is { Length: > 0 } session) sessions.TryRemove(HashOf(session), out _);
        context.Response.Cookies.Delete(CookieName, Cookie(context, null));
    }

    private ApiKey? SessionOf(HttpRequest request) =>
        request.Cookies[CookieName] is { Length: > 0 } session && sessions.TryGetValue(HashOf(session), out (ApiKey Key, DateTimeOffset Until) known) && known.Until > DateTimeOffset.UtcNow ? known.Key : null;

    private static string HashOf(string session) => Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(session)));

    private static CookieOptions Cookie(HttpContext context, TimeSpan? lasts) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps, Path = "/", MaxAge = lasts, IsEssential = true };
}
