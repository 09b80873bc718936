using System.Buffers.Binary;
using System.IO.Compression;

namespace Fathom.Documents.Reading;

/// <summary>Opens ZIP files, Office files included, only after their table of contents was found harmless.</summary>
internal static class ZipFiles
{
    /// <summary>An archive may always become this large, however small it is packed.</summary>
    private const long HarmlessBytes = 16L << 20;

    private const int EndRecordBytes = 22;
    private const int LongestComment = 65_535;

    /// <summary>Opens an archive that lies in memory.</summary>
    /// <exception cref="SkipException">It is broken or a bomb.</exception>
    public static ZipArchive Open(byte[] content, ReadOptions options)
    {
        CheckEnd(content, options);
        ZipArchive archive;
        try
        {
            archive = new ZipArchive(new MemoryStream(content, writable: false), ZipArchiveMode.Read);
            CheckSizes(archive, content.Length, options);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or ArgumentException or OverflowException or NotSupportedException)
        {
            throw Damaged(exception);
        }

        return archive;
    }

    /// <summary>Unpacks one entry, never more than its limit whatever its header says.</summary>
    /// <exception cref="SkipException">It is broken, has a password, or is too large.</exception>
    public static byte[] Unpack(ZipArchiveEntry entry, long limit)
    {
        if (entry.IsEncrypted) throw new SkipException(SkipReason.Encrypted, "has a password; unpack the archive with it and name the files.");
        try
        {
            using Stream stream = entry.Open();
            using var target = new MemoryStream((int)Math.Min(entry.Length, 1 << 20));
            byte[] buffer = new byte[64 << 10];
            for (int read; (read = stream.Read(buffer)) > 0;)
            {
                if (target.Length + read > limit) throw new SkipException(SkipReason.TooLarge, $"becomes more than {Sizes.Text(limit)} when unpacked; unpack it and name what matters.");
                target.Write(buffer, 0, read);
            }

            if (target.Length != entry.Length) throw new SkipException(SkipReason.Damaged, "is cut off inside its archive; pack it again.");
            return target.ToArray();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            throw new SkipException(SkipReason.Damaged, $"cannot be unpacked ({Reasons.Of(exception)}); pack it again.", exception);
        }
    }

    public static SkipException Damaged(Exception exception) => new(SkipReason.Damaged, $"is a broken or cut off ZIP or Office file ({Reasons.Of(exception)}); get it or save it again.", exception);

    /// <summary>The number of entries stands at the end; ask it before a library makes an object for each.</summary>
    private static void CheckEnd(ReadOnlySpan<byte> content, ReadOptions options)
    {
        int from = Math.Max(0, content.Length - EndRecordBytes - LongestComment);
        int end = content[from..].LastIndexOf("PK\x05\x06"u8);
        if (end < 0 || content.Length - from - end < EndRecordBytes) throw new SkipException(SkipReason.Damaged, "is a ZIP or Office file without an end, so it was cut off; get it or save it again.");
        ReadOnlySpan<byte> record = content[(from + end)..];
        long entries = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
        int wide = content[..(from + end)].LastIndexOf("PK\x06\x06"u8);
        if (entries == ushort.MaxValue && wide >= 0 && wide + 40 <= content.Length) entries = BinaryPrimitives.ReadInt64LittleEndian(content[(wide + 32)..]);
        if (entries > options.MaxFiles || entries < 0) throw new SkipException(SkipReason.TooLarge, $"holds more than {options.MaxFiles:n0} files; unpack it and name what matters.");
    }

    private static void CheckSizes(ZipArchive archive, long packedBytes, ReadOptions options)
    {
        long unpacked = 0;
        long packed = 0;
        int entries = 0;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            if (++entries > options.MaxFiles) throw new SkipException(SkipReason.TooLarge, $"holds more than {options.MaxFiles:n0} files; unpack it and name what matters.");
            checked
            {
                unpacked += entry.Length;
                packed += entry.CompressedLength;
            }
        }

        if (packed > packedBytes) throw new SkipException(SkipReason.Unsafe, "is a ZIP file whose entries overlap, as in attacks; do not trust it.");
        if (unpacked > HarmlessBytes && unpacked / options.MaxArchiveRatio > packedBytes) throw new SkipException(SkipReason.Unsafe, $"would become {Sizes.Text(unpacked)} from {Sizes.Text(packedBytes)}, as in attacks; unpack it yourself if you trust it.");
        if (unpacked > options.MaxTotalBytes) throw new SkipException(SkipReason.TooLarge, $"becomes {Sizes.Text(unpacked)} when unpacked, more than the {Sizes.Text(options.MaxTotalBytes)} of all files; unpack it and name what matters.");
    }
}
