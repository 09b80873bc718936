using System.Diagnostics;
using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Planning;

/// <summary>Measures how fast experts come from a disk: aligned reads past the page cache at random places, as streaming makes them.</summary>
public sealed unsafe class DiskProbe : IDisposable
{
    private const int Readers = ExpertStream.ReaderCount;
    private const int BlockBytes = ExpertPlace.PieceBytes;

    // An expert of V4-Flash is seven pieces that lie one after the other.
    private const int BlocksInTurn = 7;
    private const int BlocksOfOwnFile = 128;

    // A reader's target, 32 MiB: no cache holds an arena either, and where the processor copies what is read it is faster into one.
    private const int TargetBlocks = 16;

    private readonly (UnbufferedFile File, long Blocks)[] files;
    private readonly string? ownFile;
    private readonly long blocks;
    private long taken;

    private DiskProbe((UnbufferedFile File, long Blocks)[] files, string? ownFile)
    {
        (this.files, this.ownFile) = (files, ownFile);
        blocks = files.Sum(file => file.Blocks);
    }

    /// <summary>Opens a model's files; nothing is written.</summary>
    /// <param name="paths">The files.</param>
    /// <returns>null when the files are too small to tell.</returns>
    /// <exception cref="CheckpointException">A file cannot be read.</exception>
    public static DiskProbe? Open(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return Open(paths, ownFile: null);
    }

    /// <summary>Writes a file of 256 MB, which is deleted in the end.</summary>
    /// <param name="folder">A folder on the disk in question.</param>
    /// <param name="cancellation">Stops between writes.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static DiskProbe? OpenFolder(string folder, CancellationToken cancellation = default)
    {
        string path = Path.Combine(folder, "fathom-probe-" + Path.GetRandomFileName());
        try
        {
            Write(path, cancellation);
            return Open([path], path);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Reads a model's files for a second and a half, with nothing beside it.</summary>
    /// <param name="files">The model's files; nothing is written.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <returns>Bytes per second; null when the files are too small to tell.</returns>
    /// <exception cref="CheckpointException">A file cannot be opened.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static double? Measure(IReadOnlyList<string> files, CancellationToken cancellation = default)
    {
        using DiskProbe? probe = Open(files);
        return probe?.Measure(TimeSpan.FromSeconds(1.5), cancellation);
    }

    /// <summary>Reads for a while.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <returns>Bytes per second.</returns>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public double Measure(TimeSpan duration, CancellationToken cancellation = default)
    {
        // Touched before the clock starts: pages come with the first touch.
        const int targetBytes = Readers * TargetBlocks * BlockBytes;
        byte* targets = LargePages.Allocate(targetBytes);
        new Span<byte>(targets, targetBytes).Clear();
        long bytes = 0;
        IOException? failure = null;
        long started = Stopwatch.GetTimestamp();
        void ReadAtRandom(int reader)
        {
            try
            {
                for (int block = 0; Stopwatch.GetElapsedTime(started) < duration && !cancellation.IsCancellationRequested; block = (block + 1) % TargetBlocks)
                    Interlocked.Add(ref bytes, ReadNext(targets + (((reader * TargetBlocks) + block) * BlockBytes)));
            }
            catch (IOException exception)
            {
                failure = exception;
            }
        }

        // Threads of their own, as streaming has: those of the pool would come one after the other.
        Thread[] threads = [.. Enumerable.Range(0, Readers).Select(reader => new Thread(() => ReadAtRandom(reader)))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        LargePages.Free(targets);
        if (failure is not null) throw new IOException($"The disk could not be measured: {failure.Message}", failure);
        cancellation.ThrowIfCancellationRequested();
        return bytes / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Closes the files, and deletes its own.</summary>
    public void Dispose()
    {
        foreach ((UnbufferedFile file, _) in files) file.Dispose();
        if (ownFile is not null) File.Delete(ownFile);
    }

    private static DiskProbe? Open(IReadOnlyList<string> paths, string? ownFile)
    {
        var opened = new List<(UnbufferedFile File, long Blocks)>();
        bool isUsed = false;
        try
        {
            foreach (string path in paths)
            {
                UnbufferedFile file = UnbufferedFile.Open(path);
                opened.Add((file, file.Length / BlockBytes));
            }

            isUsed = opened.Sum(file => file.Blocks) >= 2 * Readers;
            return isUsed ? new DiskProbe([.. opened], ownFile) : null;
        }
        finally
        {
            if (!isUsed) opened.ForEach(file => file.File.Dispose());
        }
    }

    private static void Write(string path, CancellationToken cancellation)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);

        // Random bytes: some disks store zeros without storing them.
        var block = new byte[BlockBytes];
        var random = new Random(1);
        for (int i = 0; i < BlocksOfOwnFile; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            random.NextBytes(block);
            file.Write(block);
        }

        file.Flush(flushToDisk: true);
    }

    // Readers share an expert: its pieces, one after the other, go to whoever is free.
    private int ReadNext(byte* target)
    {
        (long turn, long piece) = Math.DivRem(Interlocked.Increment(ref taken) - 1, BlocksInTurn);
        long block = new Random((int)turn).NextInt64(blocks);
        int file = 0;
        for (; block >= files[file].Blocks; file++) block -= files[file].Blocks;
        block = Math.Min(block + piece, files[file].Blocks - 1);
        return files[file].File.Read(block * BlockBytes, target, BlockBytes);
    }
}
