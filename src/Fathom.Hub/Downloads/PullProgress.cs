namespace Fathom.Hub.Downloads;

/// <summary>How far a pull has come.</summary>
/// <param name="DoneBytes">Bytes that are here, of earlier pulls too.</param>
/// <param name="TotalBytes">Bytes of all files of this pull.</param>
/// <param name="DoneFiles">Files that are here and checked.</param>
/// <param name="TotalFiles">Files of this pull.</param>
/// <param name="BytesPerSecond">The speed of the last seconds.</param>
/// <param name="TimeLeft">How long it will take at this speed; null while nobody knows.</param>
/// <param name="Note">Something that a person should know, once: a file is finished, another process is waited for.</param>
public sealed record PullProgress(long DoneBytes, long TotalBytes, int DoneFiles, int TotalFiles, double BytesPerSecond, TimeSpan? TimeLeft, string? Note)
{
    /// <summary>Bytes that were read back and hashed so far.</summary>
    public long CheckedBytes { get; init; }

    /// <summary>Bytes of the files whose check has begun or is done.</summary>
    public long BytesToCheck { get; init; }
}
