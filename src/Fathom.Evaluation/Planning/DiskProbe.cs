using System.Diagnostics;
using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Planning;

/// <summary>Measures how fast experts come from a disk: aligned reads past the page cache at random places, as streaming makes them.</summary>
public static unsafe class DiskProbe
{
    private const int Readers = ExpertStream.ReaderCount;
    private const int BlockBytes = ExpertPlace.PieceBytes;

    // An expert of V4-Flash is seven pieces that lie one after the other.
    private const int BlocksInTurn = 7;
    private const int BlocksOfOwnFile = 128;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(1.5);

    /// <summary>Writes a file of 256 MB, measures how fast it is read, and deletes it.</summary>
    /// <param name="folder">A folder on the disk in question.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <returns>Bytes per second.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static double? MeasureFolder(string folder, CancellationToken cancellation = default)
    {
        string path = Path.Combine(folder, "fathom-probe-" + Path.GetRandomFileName());
        try
        {
            using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
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

            return Measure([path], cancellation);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Reads for a second and a half.</summary>
    /// <param name="files">The model's files, largest first or in any order; nothing is written.</param>
    /// <param name="cancellation">Stops between reads.</param>
    /// <returns>Bytes per second; null when the files are too small to tell.</returns>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static double? Measure(IReadOnlyList<string> files, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        (string Path, long Blocks)[] parts = [.. files.Select(path => (path, new FileInfo(path).Length / BlockBytes)).Where(file => file.Item2 > 0)];
        long blocks = parts.Sum(part => part.Blocks);
        if (blocks < 2 * Readers) return null;

        UnbufferedFile[] opened = [.. parts.Select(part => UnbufferedFile.Open(part.Path))];
        try
        {
            long bytes = 0, taken = 0;
            IOException? failure = null;
            long started = Stopwatch.GetTimestamp();
            void ReadAtRandom()
            {
                byte* target = LargePages.Allocate(BlockBytes);
                try
                {
                    while (Stopwatch.GetElapsedTime(started) < Duration && !cancellation.IsCancellationRequested)
                    {
                        // Readers share an expert: its pieces, one after the other, go to whoever is free.
                        (long turn, long piece) = Math.DivRem(Interlocked.Increment(ref taken) - 1, BlocksInTurn);
                        long block = new Random((int)turn).NextInt64(blocks);
                        int file = 0;
                        for (; block >= parts[file].Blocks; file++) block -= parts[file].Blocks;
                        block = Math.Min(block + piece, parts[file].Blocks - 1);
                        Interlocked.Add(ref bytes, opened[file].Read(block * BlockBytes, target, BlockBytes));
                    }
                }
                catch (IOException exception)
                {
                    failure = exception;
                }
                finally
                {
                    LargePages.Free(target);
                }
            }

            // Threads of their own, as streaming has: those of the pool would come one after the other.
            Thread[] threads = [.. Enumerable.Range(0, Readers).Select(_ => new Thread(ReadAtRandom))];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            if (failure is not null) throw new IOException($"The disk could not be measured: {failure.Message}", failure);
            cancellation.ThrowIfCancellationRequested();
            return bytes / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        finally
        {
            foreach (UnbufferedFile file in opened) file.Dispose();
        }
    }
}
