namespace Fathom.Hub;

/// <summary>Finds the user's token, and the folders of the hub's own tools.</summary>
internal static class HubToken
{
    /// <summary>The variable that holds a token.</summary>
    public const string Variable = "HF_TOKEN";

    /// <summary>
    /// HF_TOKEN, or the token file of the hub's own tools. The file was written for the default hub, so another endpoint
    /// never gets it: naming a mirror must not give a token away. The source is the variable's or the file's name.
    /// </summary>
    public static (string? Token, string Source) Find(Uri endpoint)
    {
        if (Clean(Environment.GetEnvironmentVariable(Variable), Variable) is { } named) return (named, Variable);
        if (endpoint.Host != HubOptions.DefaultEndpoint.Host || endpoint.Scheme != "https") return (null, Variable);
        string file = PathIn("HF_TOKEN_PATH") ?? Path.Combine(Home, "token");
        return File.Exists(file) && Clean(File.ReadAllText(file), file) is { } kept ? (kept, file) : (null, Variable);
    }

    /// <summary>The cache of the hub's own tools: HF_HUB_CACHE, or <c>hub</c> in their home folder.</summary>
    public static string Cache => PathIn("HF_HUB_CACHE") ?? Path.Combine(Home, "hub");

    // HF_HOME, or the usual place.
    private static string Home => PathIn("HF_HOME") ?? Path.Combine(PathIn("XDG_CACHE_HOME") ?? Path.Combine(UserFolder, ".cache"), "huggingface");

    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    // Files of settings often have a ~ that no shell has seen.
    private static string? PathIn(string variable) => Environment.GetEnvironmentVariable(variable) switch
    {
        null or "" => null,
        "~" => UserFolder,
        ['~', '/' or '\\', .. string rest] => Path.Combine(UserFolder, rest),
        string path => path,
    };

    // A line break in a header would be a second header.
    private static string? Clean(string? token, string source)
    {
        token = token?.Trim();
        if (string.IsNullOrEmpty(token)) return null;
        return token.All(c => c is > ' ' and < '\x7f') ? token : throw new ArgumentException($"{source} has characters that no token of a hub has; check it.");
    }
}
