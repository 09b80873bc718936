using System.Globalization;
using System.Text;

namespace Fathom.Hub.Store;

/// <summary>
/// A file that one pull holds at a time. The system lets go of it when the process ends in whatever way, so no lock is ever
/// stale; the process number inside is for people.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);

    private const int WouldBlockOnLinux = 11;
    private const int WouldBlockOnMac = 35;
    private const int SharingViolationOnWindows = unchecked((int)0x80070020);

    private readonly FileStream file;
    private readonly string path;

    private StoreLock(FileStream file, string path)
    {
        this.file = file;
        this.path = path;
    }

    /// <summary>Waits until the lock is free and takes it.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="waiting">Told once who holds it, when somebody does.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public static async Task<StoreLock> TakeAsync(string path, Action<string>? waiting, CancellationToken cancellation)
    {
        bool isFirst = true;
        while (true)
        {
            if (TryTake(path) is { } taken) return taken;
            if (isFirst) waiting?.Invoke(HolderOf(path));
            isFirst = false;
            await Task.Delay(BetweenAttempts, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the lock if it is free; null otherwise.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static StoreLock? TryTake(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        FileStream file;
        try
        {
            // On Unix only "None" is an exclusive lock; on Windows "Read" is one too and lets others read the number.
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, OperatingSystem.IsWindows() ? FileShare.Read : FileShare.None, 1);
        }
        catch (IOException exception) when (exception.HResult is WouldBlockOnLinux or WouldBlockOnMac or SharingViolationOnWindows)
        {
            return null;
        }

        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return new StoreLock(file, path);
    }

    /// <summary>
    /// Deletes the lock file. Only allowed when nobody who takes a new one would do any harm: after the blob is in its place,
    /// because everybody looks for that first.
    /// </summary>
    public void Forget()
    {
        try
        {
            File.Delete(path);
        }
        catch (IOException)
        {
            // Windows: it stays, empty and harmless.
        }
    }

    /// <summary>Lets go.</summary>
    public void Dispose() => file.Dispose();

    private static string HolderOf(string path)
    {
        try
        {
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return int.TryParse(reader.ReadToEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? $"process {number}" : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
