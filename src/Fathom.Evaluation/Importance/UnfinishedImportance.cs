using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Fathom.Checkpoints;

namespace Fathom.Evaluation.Importance;

/// <summary>
/// The sums of a run that is not done, in a file: how many windows they are of, and a digest of model, text and windows,
/// so that only the same run goes on with them. Replaced as a whole, and ended by its own hash.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="run">Identifies the run, 32 bytes.</param>
internal sealed class UnfinishedImportance(string path, byte[] run)
{
    private const int HashBytes = 32;

    // Saving takes at most this share of the time.
    private const double MostTimeShare = 0.05;

    private static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(30);
    private static readonly byte[] Magic = "FATHOMI1"u8.ToArray();

    private long savedAt;
    private TimeSpan saveTook;

    /// <summary>Takes up what a stopped run left.</summary>
    /// <param name="sums">Receive its sums.</param>
    /// <returns>Windows that they are of; 0 when there is nothing to go on with, and then why, unless there is no file.</returns>
    public (int Windows, string? Problem) Load(IReadOnlyList<ImportanceSums> sums)
    {
        if (!File.Exists(path)) return (0, null);
        using FileStream stream = File.OpenRead(path);
        var head = new byte[Magic.Length + HashBytes + sizeof(int)];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length || !head.AsSpan().StartsWith(Magic)) return (0, "is none of Fathom's");
        if (!head.AsSpan(Magic.Length, HashBytes).SequenceEqual(run)) return (0, "belongs to another model, text or way of reading it");
        if (stream.Length != head.Length + Arrays(sums).Sum(array => (long)array.Length * sizeof(float)) + HashBytes) return (0, "is damaged");

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        foreach (float[] array in Arrays(sums))
        {
            Span<byte> bytes = MemoryMarshal.AsBytes(array.AsSpan());
            stream.ReadExactly(bytes);
            hash.AppendData(bytes);
        }

        Span<byte> wanted = stackalloc byte[HashBytes];
        stream.ReadExactly(wanted);
        if (wanted.SequenceEqual(hash.GetHashAndReset())) return (BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(^sizeof(int))), null);
        foreach (float[] array in Arrays(sums)) Array.Clear(array);
        return (0, "is damaged");
    }

    /// <summary>Writes the sums down: after the first window, so that a disk without room is found out early, and then now and then.</summary>
    /// <param name="sums">The sums.</param>
    /// <param name="windows">Windows that they are of.</param>
    /// <exception cref="IOException">The file cannot be written; the one before is still there.</exception>
    public void SaveNowAndThen(IReadOnlyList<ImportanceSums> sums, int windows)
    {
        if (savedAt != 0 && Stopwatch.GetElapsedTime(savedAt) is var since && (since < LeastInterval || since * MostTimeShare < saveTook)) return;
        long started = Stopwatch.GetTimestamp();
        AtomicFile.WritePrivate(path, stream => Write(stream, sums, windows));
        saveTook = Stopwatch.GetElapsedTime(started);
        savedAt = Stopwatch.GetTimestamp();
    }

    private static IEnumerable<float[]> Arrays(IReadOnlyList<ImportanceSums> sums) => sums.SelectMany(of => (float[][])[of.Sums, of.Counts]);

    private void Write(FileStream stream, IReadOnlyList<ImportanceSums> sums, int windows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(ReadOnlySpan<byte> bytes)
        {
            stream.Write(bytes);
            hash.AppendData(bytes);
        }

        Add(Magic);
        Add(run);
        Span<byte> count = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(count, windows);
        Add(count);
        foreach (float[] array in Arrays(sums)) Add(MemoryMarshal.AsBytes<float>(array));
        stream.Write(hash.GetHashAndReset());

        // Before it gets its name, so that not even a power cut leaves a torn one.
        stream.Flush(flushToDisk: true);
    }
}
