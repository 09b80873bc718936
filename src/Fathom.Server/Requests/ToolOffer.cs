using Fathom.Text;

namespace Fathom.Server.Requests;

/// <summary>The tools of a request and whether one must be called (interface specification, section 1.4).</summary>
/// <param name="Tools">Tools that the model is told of.</param>
/// <param name="Forced">Names of which one must be called; null when the model may choose.</param>
/// <param name="IsStrict">Whether arguments must fit their schemas.</param>
internal sealed record ToolOffer(IReadOnlyList<ChatTool> Tools, IReadOnlyList<string>? Forced, bool IsStrict)
{
    /// <summary>No tools.</summary>
    public static ToolOffer None { get; } = new([], null, false);

    /// <summary>What the client knows as something else than a function, by the model's name for it.</summary>
    public IReadOnlyDictionary<string, ToolKind> Kinds { get; init; } = new Dictionary<string, ToolKind>();
}
