using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Fathom.Compute.Memory;

namespace Fathom.Model.Caches;

/// <summary>
/// Saves and restores a session. Format, little-endian: magic, version, fingerprint of the model, length, MTP length,
/// then for each layer the window rows, compressed entries and raw compressor rows as 32-bit floats, and a
/// SHA-256 of everything before it. A snapshot is read completely and checked before it replaces anything.
/// </summary>
internal static unsafe class SessionSnapshot
{
    /// <summary>Snapshots are taken at multiples of this: the least common multiple of the compression ratios 4 and 128.</summary>
    public const int Granularity = 128;

    private const int HeaderBytes = 8 + 4 + 32 + 4 + 4;
    private static ReadOnlySpan<byte> Magic => "FTHMSESS"u8;
    private const int Version = 1;

    public static void Write(V4Session session, Stream destination)
    {
        if (session.Length % Granularity != 0)
        {
            throw new InvalidOperationException(
                $"A snapshot can be taken at multiples of {Granularity} tokens; this session has {session.Length}.");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> header = stackalloc byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Version);
        session.Model.Fingerprint.CopyTo(header[12..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[44..], session.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[48..], session.PredictionLength);
        Emit(header);

        foreach (LayerCache layer in session.Layers) Visit(layer, session.Length, row => Emit(MemoryMarshal.AsBytes(row)));
        if (session.Prediction is { } prediction)
            Visit(prediction, session.PredictionLength, row => Emit(MemoryMarshal.AsBytes(row)));
        destination.Write(hash.GetHashAndReset());

        void Emit(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            destination.Write(bytes);
        }
    }

    public static V4Session Read(V4Model model, Stream source)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> header = stackalloc byte[HeaderBytes];
        Take(header);
        if (!header[..8].SequenceEqual(Magic) || BinaryPrimitives.ReadInt32LittleEndian(header[8..]) != Version)
            throw new InvalidDataException("This is not a session snapshot of this version of Fathom; make a new one.");
        if (!header.Slice(12, 32).SequenceEqual(model.Fingerprint))
            throw new InvalidDataException("The session snapshot belongs to another checkpoint or numeric profile; it cannot be used with this one.");
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[44..]);
        int predictionLength = BinaryPrimitives.ReadInt32LittleEndian(header[48..]);
        if (length < 0 || length > model.MaxPositions || length % Granularity != 0 || predictionLength < 0 || predictionLength > length)
            throw new InvalidDataException($"The session snapshot is damaged: it claims {length} tokens and {predictionLength} MTP tokens.");

        V4Session session = model.CreateV4Session();
        foreach (LayerCache layer in session.Layers) Visit(layer, length, row => Take(MemoryMarshal.AsBytes(row)));
        if (session.Prediction is { } prediction) Visit(prediction, predictionLength, row => Take(MemoryMarshal.AsBytes(row)));
        session.SetRestored(length, predictionLength);

        Span<byte> stored = stackalloc byte[32];
        byte[] computed = hash.GetHashAndReset();
        ReadExactly(stored);
        if (!stored.SequenceEqual(computed)) throw new InvalidDataException("The session snapshot is damaged: its checksum does not fit its content.");
        return session;

        void Take(Span<byte> bytes)
        {
            ReadExactly(bytes);
            hash.AppendData(bytes);
        }

        void ReadExactly(Span<byte> bytes)
        {
            int read = source.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (read < bytes.Length) throw new InvalidDataException("The session snapshot ends early; it was cut off.");
        }
    }

    private delegate void RowVisitor(Span<float> row);

    // All rows that a sequence of this length can still need, in a fixed order: the one description for both directions.
    private static void Visit(LayerCache layer, int length, RowVisitor visit)
    {
        int reach = layer.Window.Capacity - V4Session.RollbackReach;
        for (int p = Math.Max(0, length - reach); p < length; p++) visit(layer.Window.RowAt(p));
        Visit(layer.Main, length, visit);
        Visit(layer.Index, length, visit);
    }

    private static void Visit(CompressorCache? cache, int length, RowVisitor visit)
    {
        if (cache is null) return;
        int entries = length / cache.Ratio;
        PagedRows table = cache.Entries;
        for (int i = 0; i < entries; i++) visit(new Span<float>(table.Writable(i), table.Width));

        // The open block, and with overlap the block before it.
        int reach = cache.Values.Capacity - V4Session.RollbackReach;
        int first = Math.Max(0, (entries * cache.Ratio) - (reach - cache.Ratio));
        for (int p = first; p < length; p++)
        {
            visit(cache.Values.RowAt(p));
            visit(cache.Scores.RowAt(p));
        }
    }
}
