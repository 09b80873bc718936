namespace Fathom.Model.Streaming;

/// <summary>An expert's weights could not be read from disk while an answer was being made. The sessions are as they were before, and the next forward tries again.</summary>
public sealed class ExpertReadException : IOException
{
    /// <summary>Describes a failed read.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the read began, in bytes.</param>
    /// <param name="what">What went wrong.</param>
    /// <param name="inner">The error below, when there is one.</param>
    public ExpertReadException(string file, long offset, string what, Exception? inner = null)
        : base($"{file}, byte {offset}: {what.TrimEnd('.')}; see that the disk is well and the file whole, then ask again.", inner)
    {
        File = file;
        Offset = offset;
    }

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>Where the read began, in bytes.</summary>
    public long Offset { get; }
}
