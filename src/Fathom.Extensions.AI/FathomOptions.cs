using Fathom.Inference;

namespace Fathom.Extensions.AI;

/// <summary>Which model a container's <see cref="FathomModel"/> is, and how it is opened and asked.</summary>
public sealed class FathomOptions
{
    /// <summary>Where <see cref="ModelPath"/> stands in the configuration.</summary>
    public const string ModelPathKey = "Fathom:ModelPath";

    /// <summary>A checkpoint folder or a .gguf file. At first what the container's configuration has under <see cref="ModelPathKey"/>; null when it has nothing.</summary>
    public string? ModelPath { get; set; }

    /// <summary>What answers name as their model; null for the last part of the path.</summary>
    public string? ModelId { get; set; }

    /// <summary>How the model is opened: threads, numeric profile, tokenizer.</summary>
    public FathomModelOptions Model { get; set; } = new();

    /// <summary>What holds where a request says nothing: system text, thinking, sampling.</summary>
    public FathomChatOptions Chat { get; set; } = new();

    internal string? Name => ModelId ?? (ModelPath is null ? null : Inference.ModelPath.NameOf(ModelPath));
}
