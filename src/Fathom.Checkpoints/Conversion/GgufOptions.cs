namespace Fathom.Checkpoints.Conversion;

/// <summary>What goes into a GGUF file, and how.</summary>
public record GgufOptions
{
    /// <summary>What matrices outside the experts become.</summary>
    public MatrixFormat Matrices { get; init; } = MatrixFormat.BF16;

    /// <summary>Whether the multi-token-prediction block goes in, where the source has one. Other engines may refuse files with it (llama.cpp v0.5.0 does).</summary>
    public bool MultiTokenPrediction { get; init; }

    /// <summary>Most bytes of tensors in one file: what has more becomes several, <c>NAME-00001-of-0000N.gguf</c> and so on; a tensor is never cut. Null for one file.</summary>
    public long? PartBytes { get; init; }

    /// <summary>Whether files of the same name, and parts of it, may be replaced. The source's files never are.</summary>
    public bool MayReplace { get; init; }
}
