using Microsoft.AspNetCore.Http;

namespace Fathom.Server;

/// <summary>Whose words a client speaks.</summary>
internal enum Dialect
{
    /// <summary>OpenAI's, which DeepSeek and most others share.</summary>
    OpenAI,

    /// <summary>Anthropic's.</summary>
    Anthropic,
}

/// <summary>Tells the dialect of a request.</summary>
internal static class DialectOf
{
    /// <summary>By the path; for paths that no dialect owns, by Anthropic's version header.</summary>
    public static Dialect Request(HttpContext context)
    {
        string path = context.Request.Path.Value ?? string.Empty;
        bool isMessages = path is "/messages" || path.StartsWith("/messages/", StringComparison.Ordinal);
        bool isShared = !isMessages && !path.StartsWith("/chat", StringComparison.Ordinal) && !path.StartsWith("/completions", StringComparison.Ordinal) && !path.StartsWith("/responses", StringComparison.Ordinal);
        return isMessages || (isShared && context.Request.Headers.ContainsKey("anthropic-version")) ? Dialect.Anthropic : Dialect.OpenAI;
    }
}
