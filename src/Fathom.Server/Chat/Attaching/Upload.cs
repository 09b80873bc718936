namespace Fathom.Server.Chat.Attaching;

/// <summary>Files on their way in. Several requests may add to it at once.</summary>
/// <param name="id">Its id.</param>
/// <param name="owner">Whose.</param>
/// <param name="folder">Where its files are put.</param>
internal sealed class Upload(string id, string owner, string folder)
{
    private long bytes;
    private long used = Environment.TickCount64;
    private int files;
    private int isReading;

    public string Id => id;

    public string Owner => owner;

    public string Folder => folder;

    /// <summary>How long nothing has happened.</summary>
    public TimeSpan Idle => TimeSpan.FromMilliseconds(Environment.TickCount64 - Interlocked.Read(ref used));

    /// <summary>Counts bytes in, or out again when negative.</summary>
    /// <returns>All so far.</returns>
    public long Add(long count)
    {
        Touch();
        return Interlocked.Add(ref bytes, count);
    }

    /// <summary>Counts a file in.</summary>
    /// <returns>All so far.</returns>
    public int AddFile() => Interlocked.Increment(ref files);

    /// <summary>Notes that somebody is at work.</summary>
    public void Touch() => Interlocked.Exchange(ref used, Environment.TickCount64);

    /// <summary>Whether the caller is the one who reads it.</summary>
    public bool BeginReading() => Interlocked.Exchange(ref isReading, 1) == 0;
}
