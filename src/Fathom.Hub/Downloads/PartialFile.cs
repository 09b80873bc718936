using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Hub.Downloads;

/// <summary>
/// A file that is being fetched in parts: the bytes at their final places, and beside them a journal of how far each part has
/// come. A part's mark moves after its bytes are written, so a killed process never counts bytes that are not there; what a
/// power cut mixes up, the hash finds. One thread writes a part at a time.
/// </summary>
/// <remarks>The journal: eight bytes "FATHOMP1", the file's length, a part's length, then one length for each part; all little-endian.</remarks>
internal sealed class PartialFile : IDisposable
{
    private const ulong Magic = 0x31504D4F48544146;
    private const int HeaderBytes = 24;
    private const string JournalExtension = ".journal";

    private readonly string path;
    private readonly SafeFileHandle data;
    private readonly SafeFileHandle journal;
    private readonly long partBytes;
    private readonly long[] done;

    private PartialFile(string path, SafeFileHandle data, SafeFileHandle journal, long bytes, long partBytes, long[] done)
    {
        this.path = path;
        this.data = data;
        this.journal = journal;
        this.partBytes = partBytes;
        this.done = done;
        Bytes = bytes;
    }

    /// <summary>The whole file's length.</summary>
    public long Bytes { get; }

    /// <summary>Number of parts; none for an empty file.</summary>
    public int Parts => done.Length;

    /// <summary>Bytes that are here.</summary>
    public long DoneBytes
    {
        get
        {
            long sum = 0;
            for (int part = 0; part < done.Length; part++) sum += Volatile.Read(ref done[part]);
            return sum;
        }
    }

    /// <summary>Opens what an earlier pull left, or begins anew.</summary>
    /// <param name="path">The data file.</param>
    /// <param name="bytes">The whole file's length.</param>
    /// <param name="partBytes">A part's length, when it begins anew.</param>
    public static PartialFile Open(string path, long bytes, long partBytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        SafeFileHandle? data = null, journal = null;
        try
        {
            data = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            journal = File.OpenHandle(path + JournalExtension, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(data) == bytes && ReadJournal(journal, bytes) is { } earlier)
                return new PartialFile(path, data, journal, bytes, earlier.PartBytes, earlier.Done);

            // Marks before bytes: a crash between the two leaves marks that count nothing.
            var marks = new long[(bytes + partBytes - 1) / partBytes];
            RandomAccess.SetLength(journal, 0);
            RandomAccess.SetLength(data, bytes);
            WriteJournal(journal, bytes, partBytes, marks);
            return new PartialFile(path, data, journal, bytes, partBytes, marks);
        }
        catch
        {
            data?.Dispose();
            journal?.Dispose();
            throw;
        }
    }

    /// <summary>Bytes that an unfinished download has fetched, by its journal; 0 where there is none.</summary>
    public static long BytesIn(string path)
    {
        try
        {
            using SafeFileHandle journal = File.OpenHandle(path + JournalExtension, share: FileShare.ReadWrite | FileShare.Delete);
            return ReadJournal(journal, new FileInfo(path).Length)?.Done.Sum() ?? 0;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return 0;
        }
    }

    /// <summary>The next byte that a part needs, as a place in the file.</summary>
    public long Next(int part) => (part * partBytes) + Volatile.Read(ref done[part]);

    /// <summary>The first byte behind a part.</summary>
    public long End(int part) => Math.Min(Bytes, (part + 1L) * partBytes);

    /// <summary>Whether a part is whole.</summary>
    public bool IsDone(int part) => Next(part) == End(part);

    /// <summary>Writes the next bytes of a part.</summary>
    public void Write(int part, ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(data, bytes, Next(part));
        Mark(part, done[part] + bytes.Length);
    }

    /// <summary>Sends the bytes to the disk itself.</summary>
    public void Flush() => RandomAccess.FlushToDisk(data);

    /// <summary>Closes the file and keeps it for a later pull.</summary>
    public void Dispose()
    {
        data.Dispose();
        journal.Dispose();
    }

    /// <summary>Deletes the journal, and the data if they are still there under this name.</summary>
    public static void Delete(string path)
    {
        if (!Directory.Exists(Path.GetDirectoryName(path))) return;
        File.Delete(path);
        File.Delete(path + JournalExtension);
    }

    /// <summary>The path of the data.</summary>
    public override string ToString() => path;

    private void Mark(int part, long length)
    {
        Span<byte> mark = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(mark, length);
        RandomAccess.Write(journal, mark, HeaderBytes + (8L * part));
        Volatile.Write(ref done[part], length);
    }

    private static void WriteJournal(SafeFileHandle journal, long bytes, long partBytes, long[] marks)
    {
        var text = new byte[HeaderBytes + (8 * marks.Length)];
        BinaryPrimitives.WriteUInt64LittleEndian(text, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(text.AsSpan(8), bytes);
        BinaryPrimitives.WriteInt64LittleEndian(text.AsSpan(16), partBytes);
        RandomAccess.Write(journal, text, 0);
    }

    private static (long PartBytes, long[] Done)? ReadJournal(SafeFileHandle journal, long bytes)
    {
        long length = RandomAccess.GetLength(journal);
        if (length is < HeaderBytes or > 64 << 20) return null;
        var text = new byte[length];
        if (RandomAccess.Read(journal, text, 0) != text.Length) return null;
        long partBytes = BinaryPrimitives.ReadInt64LittleEndian(text.AsSpan(16));
        if (BinaryPrimitives.ReadUInt64LittleEndian(text) != Magic || BinaryPrimitives.ReadInt64LittleEndian(text.AsSpan(8)) != bytes || partBytes <= 0) return null;
        long parts = (bytes / partBytes) + (bytes % partBytes == 0 ? 0 : 1);
        if (length != HeaderBytes + (8 * parts)) return null;
        var done = new long[parts];
        for (int part = 0; part < done.Length; part++)
        {
            done[part] = BinaryPrimitives.ReadInt64LittleEndian(text.AsSpan(HeaderBytes + (8 * part)));
            if (done[part] < 0 || done[part] > Math.Min(partBytes, bytes - (part * partBytes))) return null;
        }

        return (partBytes, done);
    }
}
