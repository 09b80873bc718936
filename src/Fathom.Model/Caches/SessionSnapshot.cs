using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Fathom.Compute.Memory;

namespace Fathom.Model.Caches;

/// <summary>
/// Saves and restores a session. Format, little-endian: magic, version, fingerprint of the model, length, MTP length, the length
/// that it goes on from and that one's MTP length, then for each layer the window rows as 32-bit floats, the compressed entries that came since in the session's format, and raw compressor rows as 32-bit floats, and a
/// SHA-256 of everything before it. A snapshot is read completely and checked before it replaces anything.
/// </summary>
internal static unsafe class SessionSnapshot
{
    private const int HeaderBytes = 8 + 4 + 32 + (4 * 4);
    private static ReadOnlySpan<byte> Magic => "FTHMSESS"u8;
    private const int Version = 3;

    public static void Write(V4Session session, Stream destination, int since)
    {
        // The MTP block may have seen less than the session; what it had at the earlier length is at most both.
        int predictionSince = Math.Min(since, session.PredictionLength);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> header = stackalloc byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Version);
        session.Model.Fingerprint.CopyTo(header[12..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[44..], session.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[48..], session.PredictionLength);
        BinaryPrimitives.WriteInt32LittleEndian(header[52..], since);
        BinaryPrimitives.WriteInt32LittleEndian(header[56..], predictionSince);
        Emit(header);

        foreach (LayerCache layer in session.Layers) Visit(layer, since, session.Length, isRestoring: false, Emit);
        if (session.Prediction is { } prediction)
            Visit(prediction, predictionSince, session.PredictionLength, isRestoring: false, Emit);
        destination.Write(hash.GetHashAndReset());

        void Emit(Span<byte> bytes)
        {
            hash.AppendData(bytes);
            destination.Write(bytes);
        }
    }

    public static V4Session Read(V4Session from, Stream source)
    {
        V4Model model = from.Model;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> header = stackalloc byte[HeaderBytes];
        Take(header);
        if (!header[..8].SequenceEqual(Magic) || BinaryPrimitives.ReadInt32LittleEndian(header[8..]) != Version)
            throw new InvalidDataException("This is not a session snapshot of this version of Fathom; make a new one.");
        if (!header.Slice(12, 32).SequenceEqual(model.Fingerprint))
            throw new InvalidDataException("The session snapshot belongs to another checkpoint, numeric profile or cache format; it cannot be used with this one.");
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[44..]);
        int predictionLength = BinaryPrimitives.ReadInt32LittleEndian(header[48..]);
        int since = BinaryPrimitives.ReadInt32LittleEndian(header[52..]), predictionSince = BinaryPrimitives.ReadInt32LittleEndian(header[56..]);
        bool isSound = length >= 0 && length <= model.MaxPositions && predictionLength >= 0 && predictionLength <= length
            && since >= 0 && since <= length && predictionSince >= 0 && predictionSince <= Math.Min(since, predictionLength);
        if (!isSound) throw new InvalidDataException($"The session snapshot is damaged: it claims {length} tokens and {predictionLength} MTP tokens, {since} and {predictionSince} of them elsewhere.");
        if (since > 0 && (from.Length != since || from.PredictionLength < predictionSince))
            throw new InvalidDataException($"The session snapshot goes on from {since} tokens, but the session has {from.Length}.");

        V4Session session = since > 0 ? (V4Session)from.Fork() : model.CreateV4Session();
        foreach (LayerCache layer in session.Layers) Visit(layer, since, length, isRestoring: true, Take);
        if (session.Prediction is { } prediction) Visit(prediction, predictionSince, predictionLength, isRestoring: true, Take);
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

    private delegate void RowVisitor(Span<byte> row);

    // All rows that a sequence of this length can still need and that one of the earlier length lacks, in a fixed order: the one description for both directions.
    private static void Visit(LayerCache layer, int since, int length, bool isRestoring, RowVisitor visit)
    {
        int reach = layer.Window.Capacity - V4Session.RollbackReach;
        for (int p = Math.Max(0, length - reach); p < length; p++) visit(MemoryMarshal.AsBytes(layer.Window.RowAt(p)));
        Visit(layer.Main, since, length, isRestoring, visit);
        Visit(layer.Index, since, length, isRestoring, visit);
    }

    private static void Visit(CompressorCache? cache, int since, int length, bool isRestoring, RowVisitor visit)
    {
        if (cache is null) return;
        int entries = length / cache.Ratio;
        PagedRows table = cache.Entries;
        var row = new byte[table.Layout.RowBytes];
        for (int i = since / cache.Ratio; i < entries; i++)
        {
            if (!isRestoring) table.Load(i, row);
            visit(row);
            if (isRestoring) table.Store(i, row);
        }

        // The open block, and with overlap the block before it.
        int reach = cache.Values.Capacity - V4Session.RollbackReach;
        int first = Math.Max(0, (entries * cache.Ratio) - (reach - cache.Ratio));
        for (int p = first; p < length; p++)
        {
            visit(MemoryMarshal.AsBytes(cache.Values.RowAt(p)));
            visit(MemoryMarshal.AsBytes(cache.Scores.RowAt(p)));
        }
    }
}
