using Fathom.Model;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>How a model folder is opened.</summary>
public sealed record FathomModelOptions
{
    /// <summary>How the forward runs: numeric profile, threads, chunk of prefill, and the memory budget. Under a budget, also one that Fathom chose because the model does not fit, no more answers are made at once than it reserves sessions, and beginnings are kept in one session's room.</summary>
    public V4ModelOptions Model { get; init; } = new();

    /// <summary>How many answers are made at once and what is kept of them.</summary>
    public EngineOptions Engine { get; init; } = new();

    /// <summary>The tokenizer.json; null for the one in the model folder.</summary>
    public string? TokenizerPath { get; init; }

    /// <summary>The chat format; null to tell it from config.json.</summary>
    public ChatFormat? ChatFormat { get; init; }
}
