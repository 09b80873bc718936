namespace Fathom.Hub.Store;

/// <summary>
/// A file that one process holds at a time. The system lets go of it when the process ends in whatever way, so no lock is ever
/// stale.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);

    private const int WouldBlockOnLinux = 11;
    private const int WouldBlockOnMac = 35;
    private const int SharingViolationOnWindows = unchecked((int)0x80070020);

    private readonly FileStream file;
    private readonly string path;
    private bool isForgotten;

    private StoreLock(FileStream file, string path)
    {
        this.file = file;
        this.path = path;
    }

    /// <summary>Waits until the lock is free and takes it.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="waiting">Called once when somebody else holds it.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public static async Task<StoreLock> TakeAsync(string path, Action? waiting, CancellationToken cancellation)
    {
        bool isFirst = true;
        while (true)
        {
            if (TryTake(path) is { } taken) return taken;
            if (isFirst) waiting?.Invoke();
            isFirst = false;
            await Task.Delay(BetweenAttempts, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the lock if it is free; null otherwise.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static StoreLock? TryTake(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            return new StoreLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1), path);
        }
        catch (IOException exception) when (exception.HResult is WouldBlockOnLinux or WouldBlockOnMac or SharingViolationOnWindows)
        {
            return null;
        }
    }

    /// <summary>
    /// Deletes the lock file. Only allowed when nobody who takes a new one would do any harm: after the blob is in its place,
    /// because everybody looks for that first.
    /// </summary>
    public void Forget()
    {
        isForgotten = true;
        DeleteFile();
    }

    /// <summary>Lets go.</summary>
    public void Dispose()
    {
        file.Dispose();
        if (isForgotten && OperatingSystem.IsWindows()) DeleteFile();
    }

    private void DeleteFile()
    {
        try
        {
            File.Delete(path);
        }
        catch (IOException)
        {
            // Windows, while it is open: an empty file that stays is harmless.
        }
    }
}
