using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Fathom.Server.Errors;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Access;

/// <summary>Who may ask and how much (interface specification, sections 1.10 and 8.2). Without keys everybody may who can connect.</summary>
internal sealed class KeyRing(IReadOnlyList<ApiKey> keys)
{
    private readonly ConcurrentDictionary<string, Use> uses = [];

    private sealed class Use
    {
        public RateWindow Requests { get; } = new();

        public RateWindow Tokens { get; } = new();

        public int Running;
    }

    /// <summary>Whether a key is needed.</summary>
    public bool IsClosed => keys.Count > 0;

    /// <summary>Checks the key of a request.</summary>
    /// <exception cref="ApiException">There is none, a wrong one, or one for other paths.</exception>
    public void Check(HttpContext context)
    {
        if (!IsClosed) return;
        string given = Given(context.Request) ?? throw Unknown("This server needs an API key; send it as 'Authorization: Bearer KEY' or as 'x-api-key: KEY'.");
        Admit(context, Find(given) ?? throw Unknown("The API key is not known here; check it, or ask who runs this server for one."));
    }

    /// <summary>Finds a key by its text; null when nobody has it.</summary>
    public ApiKey? Find(string given)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(given));

        // All are compared, so that the time tells nothing.
        ApiKey? found = null;
        foreach (ApiKey key in keys)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, Convert.FromHexString(key.Sha256))) found = key;
        }

        return found;
    }

    /// <summary>Lets a request in as its key's, if the key is good for its path.</summary>
    /// <exception cref="ApiException">It is not.</exception>
    public static void Admit(HttpContext context, ApiKey key)
    {
        string path = context.Request.Path.Value ?? "/";
        if (key.Paths.Count > 0 && !key.Paths.Any(allowed => path.StartsWith(allowed, StringComparison.Ordinal)))
            throw new ApiException(403, "permission_error", $"The key '{key.Name}' is not good for {path}.");
        context.Items[typeof(ApiKey)] = key;
    }

    /// <summary>The key of a request; null where none is needed.</summary>
    public static ApiKey? KeyOf(HttpContext context) => context.Items.TryGetValue(typeof(ApiKey), out object? key) ? (ApiKey)key! : null;

    /// <summary>Whose kept beginnings of prompts a request may use.</summary>
    public static string SpaceOf(HttpContext context) => KeyOf(context) is { } key ? key.Space ?? $"key {key.Name}" : string.Empty;

    /// <summary>Who asks, for taking turns: a key, else a connection's address.</summary>
    public static string ClientOf(HttpContext context) => KeyOf(context)?.Name ?? context.Connection.RemoteIpAddress?.ToString() ?? string.Empty;

    /// <summary>Counts a request in, or refuses it; what is returned counts it out.</summary>
    /// <exception cref="ApiException">A limit of the key is reached.</exception>
    public IDisposable Enter(HttpContext context, ApiKey? key, int promptTokens)
    {
        if (key is null) return new Slot(null);
        Use use = uses.GetOrAdd(key.Name, _ => new Use());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Limit(context, "requests", key.RequestsPerMinute, use.Requests.Look(now), 1);
        Limit(context, "tokens", key.TokensPerMinute, use.Tokens.Look(now), promptTokens);
        if (Interlocked.Increment(ref use.Running) > key.MaxConcurrent)
        {
            Interlocked.Decrement(ref use.Running);
            throw TooMany($"The key '{key.Name}' may have {key.MaxConcurrent} requests at the same time; wait until one is done.", TimeSpan.FromSeconds(1));
        }

        use.Requests.Add(now, 1);
        return new Slot(use);
    }

    /// <summary>Notes the tokens of a request.</summary>
    public void Spend(ApiKey? key, int tokens)
    {
        if (key is not null) uses.GetOrAdd(key.Name, _ => new Use()).Tokens.Add(DateTimeOffset.UtcNow, tokens);
    }

    private static void Limit(HttpContext context, string what, int? limit, (long Used, TimeSpan Reset) now, int wanted)
    {
        if (limit is not { } most) return;
        long left = Math.Max(0, most - now.Used);
        string reset = ((long)Math.Ceiling(now.Reset.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        foreach (string prefix in (string[])["x-ratelimit", "anthropic-ratelimit"])
        {
            bool isAnthropic = prefix[0] == 'a';
            Set(isAnthropic ? $"{prefix}-{what}-limit" : $"{prefix}-limit-{what}", most.ToString(CultureInfo.InvariantCulture));
            Set(isAnthropic ? $"{prefix}-{what}-remaining" : $"{prefix}-remaining-{what}", Math.Max(0, left - wanted).ToString(CultureInfo.InvariantCulture));
            Set(isAnthropic ? $"{prefix}-{what}-reset" : $"{prefix}-reset-{what}", isAnthropic ? (DateTimeOffset.UtcNow + now.Reset).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : $"{reset}s");
        }

        if (left <= 0) throw TooMany($"The limit of {most} {what} a minute is reached; try again in {reset} s.", now.Reset);

        void Set(string name, string value)
        {
            if (!context.Response.HasStarted) context.Response.Headers[name] = value;
        }
    }

    private static string? Given(HttpRequest request)
    {
        string? authorization = request.Headers.Authorization;
        if (authorization?.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) == true) return authorization[7..].Trim();
        return request.Headers["x-api-key"].FirstOrDefault() ?? request.Headers["api-key"].FirstOrDefault();
    }

    private static ApiException Unknown(string message) => new(401, "authentication_error", message) { Code = "invalid_api_key" };

    private static ApiException TooMany(string message, TimeSpan wait) => new(429, "rate_limit_error", message) { Code = "rate_limit_exceeded", RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) };

    private sealed class Slot(Use? use) : IDisposable
    {
        private Use? use = use;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref use, null) is { } one) Interlocked.Decrement(ref one.Running);
        }
    }
}
