namespace Fathom.Hub;

/// <summary>Finds the user's token, and the folders of the hub's own tools.</summary>
internal static class HubToken
{
    /// <summary>
    /// HF_TOKEN, or the token file of the hub's own tools. The file was written for the default hub, so another endpoint
    /// never gets it: naming a mirror must not give a token away.
    /// </summary>
    public static string? Find(Uri endpoint)
    {
        if (Clean(Environment.GetEnvironmentVariable("HF_TOKEN")) is { } named) return named;
        if (endpoint.Host != HubOptions.DefaultEndpoint.Host || endpoint.Scheme != "https") return null;
        string file = Environment.GetEnvironmentVariable("HF_TOKEN_PATH") is { Length: > 0 } path ? path : Path.Combine(Home, "token");
        return File.Exists(file) ? Clean(File.ReadAllText(file)) : null;
    }

    /// <summary>The home folder of the hub's own tools: HF_HOME, or the usual place.</summary>
    public static string Home
    {
        get
        {
            if (Environment.GetEnvironmentVariable("HF_HOME") is { Length: > 0 } home) return home;
            string caches = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(caches, "huggingface");
        }
    }

    // A line break in a header would be a second header.
    private static string? Clean(string? token)
    {
        token = token?.Trim();
        if (string.IsNullOrEmpty(token)) return null;
        return token.All(c => c is > ' ' and < '\x7f') ? token : throw new ArgumentException("The hub's token has characters that no token has; check HF_TOKEN or the token file.");
    }
}
