namespace Fathom.Hub;

/// <summary>Where a hub is and how patient to be with it.</summary>
public sealed class HubOptions
{
    /// <summary>The hub that is asked when none is named.</summary>
    public static readonly Uri DefaultEndpoint = new("https://huggingface.co");

    private const string OfflineVariable = "HF_HUB_OFFLINE";

    /// <summary>The hub's address.</summary>
    public Uri Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>The token that is shown to the endpoint, and to no other host; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>Where the token came from: HF_TOKEN, or a file.</summary>
    public string TokenSource { get; init; } = HubToken.Variable;

    /// <summary>Connections at the same time.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>Files are fetched in parts of so many bytes, each on a connection of its own.</summary>
    public long PartBytes { get; init; } = 64 << 20;

    /// <summary>A connection that brings nothing for so long is given up and opened again.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts in a row that bring nothing, before the pull ends with an error; see <see cref="OutagePatience"/>.</summary>
    public int MaxAttempts { get; init; } = 6;

    /// <summary>After the hub's first answer a pull ends only when nothing has come for so long: a line may be down for minutes.</summary>
    public TimeSpan OutagePatience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The wait after the first failure; it doubles with each further one, up to 30 seconds.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait that a hub may ask for (Retry-After, RateLimit); one that asks for more gets an error.</summary>
    public TimeSpan MostPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Options by the environment: HF_ENDPOINT, HF_TOKEN, and the token file of the hub's own tools.</summary>
    /// <param name="endpoint">The hub's address, before what the environment says.</param>
    /// <param name="connections">Connections at the same time; null for the default.</param>
    /// <exception cref="ArgumentException">The address is none, or a token would travel readable by everybody, or HF_HUB_OFFLINE forbids to ask a hub.</exception>
    public static HubOptions FromEnvironment(string? endpoint = null, int? connections = null)
    {
        if (connections is < 1 or > 64) throw new ArgumentException($"A pull takes 1 to 64 connections, not {connections}.");
        if (Given(Environment.GetEnvironmentVariable(OfflineVariable))?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE")
            throw new ArgumentException($"{OfflineVariable} is set, so no hub is asked; take it away to pull.");
        string address = Given(endpoint) ?? Given(Environment.GetEnvironmentVariable("HF_ENDPOINT")) ?? DefaultEndpoint.AbsoluteUri;
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            throw new ArgumentException($"'{address}' is not the address of a hub; write it like {DefaultEndpoint}.");
        (string? token, string source) = HubToken.Find(uri);
        if (token is not null && uri.Scheme == "http" && !uri.IsLoopback)
            throw new ArgumentException($"{source} would travel unencrypted to {uri.GetLeftPart(UriPartial.Authority)}; use an https address, or take {source} away.");
        return new HubOptions { Endpoint = uri, Token = token, TokenSource = source, Connections = connections ?? new HubOptions().Connections };
    }

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
