using Fathom.Server.Errors;

namespace Fathom.Server.Requests;

/// <summary>The names that the served model answers to (interface specification, section 1.1).</summary>
internal sealed class ModelNames(ServerOptions options)
{
    /// <summary>Its own id, then its aliases.</summary>
    public IReadOnlyList<string> All { get; } = [options.ModelId, .. options.Aliases];

    /// <summary>Checks a name that was asked for; none means the served model.</summary>
    /// <returns>The name that the answer repeats.</returns>
    /// <exception cref="ApiException">Nobody has this name.</exception>
    public string Check(string? name, Dialect dialect = Dialect.OpenAI)
    {
        if (string.IsNullOrEmpty(name)) return options.ModelId;
        return Knows(name, dialect) ? name : throw ApiException.ModelNotFound(name, options.ModelId);
    }

    /// <summary>Whether a name is good.</summary>
    public bool Knows(string name, Dialect dialect) =>
        options.AcceptsAnyModel || All.Contains(name) || (dialect == Dialect.Anthropic && name.StartsWith("claude", StringComparison.OrdinalIgnoreCase));
}
