namespace Fathom.Checkpoints;

/// <summary>A checkpoint file is damaged, incomplete or not what it claims. The message is one sentence that a user can act on.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Describes a defect.</summary>
    /// <param name="file">The file at fault.</param>
    /// <param name="tensor">The tensor or setting at fault, when there is one.</param>
    /// <param name="expected">What should be there.</param>
    /// <param name="found">What is there.</param>
    /// <param name="advice">What to do; null for the usual advice to fetch the file again.</param>
    /// <param name="inner">The error below, when there is one.</param>
    public CheckpointException(string file, string? tensor, string expected, string found, string? advice = null, Exception? inner = null)
        : base(Describe(file, tensor, expected, found, advice), inner)
    {
        File = file;
        Tensor = tensor;
        Expected = expected;
        Found = found;
    }

    /// <summary>The file at fault.</summary>
    public string File { get; }

    /// <summary>The tensor or setting at fault, or null.</summary>
    public string? Tensor { get; }

    /// <summary>What should be there.</summary>
    public string Expected { get; }

    /// <summary>What is there.</summary>
    public string Found { get; }

    private static string Describe(string file, string? tensor, string expected, string found, string? advice)
    {
        string place = tensor is null ? file : $"{file}, '{Clip(tensor)}'";
        return $"{place}: expected {expected}, found {Clip(found).TrimEnd('.')}; {advice ?? "the file is damaged or not a DeepSeek V4 checkpoint, fetch it again"}.";
    }

    // Names come out of the file and may be anything, megabytes or control characters included.
    private static string Clip(string text)
    {
        string shown = text.Length > 200 ? text[..200] + "…" : text;
        return shown.Any(char.IsControl) ? string.Concat(shown.Select(c => char.IsControl(c) ? '?' : c)) : shown;
    }
}
