namespace Fathom.Server.Access;

/// <summary>A key as its file keeps it: the hash only.</summary>
public sealed record ApiKey
{
    /// <summary>Whose it is.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the key, in hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Requests in a minute at most; null for any number.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens of prompts and answers in a minute at most; null for any number.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>Requests at the same time at most; null for any number.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>Beginnings of the paths that it is good for; none for all.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Its cache space: keys of one space share what was computed. null for one of its own.</summary>
    public string? Space { get; init; }
}
