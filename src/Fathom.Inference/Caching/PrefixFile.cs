using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Fathom.Checkpoints;
using Fathom.Model;

namespace Fathom.Inference.Caching;

/// <summary>
/// One kept beginning on disk: what came since an earlier one. Layout, little-endian: magic, version, identity of model and tokenizer (32 bytes), space (32), key of the
/// earlier one (32; zeros for none), length before and after, the tokens between, SHA-256 of all this; then the session's snapshot, which has a checksum of its own.
/// </summary>
internal static class PrefixFile
{
    /// <summary>Ending of the file names.</summary>
    public const string Extension = ".fathom-prefix";

    private const int Version = 1;
    private const int FixedBytes = 8 + 4 + (3 * KeyBytes) + 8;

    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    private static ReadOnlySpan<byte> Magic => "FTHMPRFX"u8;

    /// <summary>What a file says of itself.</summary>
    /// <param name="Identity">Model, profile and tokenizer that it belongs to.</param>
    /// <param name="Space">Hash of its space.</param>
    /// <param name="Parent">Key of the beginning that it goes on from; zeros for none.</param>
    /// <param name="Since">Tokens of that beginning.</param>
    /// <param name="Tokens">The tokens after it.</param>
    public sealed record Header(byte[] Identity, byte[] Space, byte[] Parent, int Since, int[] Tokens)
    {
        /// <summary>Names this beginning among all.</summary>
        public byte[] Key() => SHA256.HashData([.. Identity, .. Space, .. Parent, .. MemoryMarshal.AsBytes<int>(Tokens)]);
    }

    /// <summary>The hash of a space's name, which is no business of who reads the folder.</summary>
    public static byte[] SpaceHash(string space) => SHA256.HashData(Encoding.UTF8.GetBytes(space));

    /// <summary>Writes a file under a temporary name and renames it.</summary>
    /// <exception cref="IOException">The disk is full, or the like; nothing is left behind.</exception>
    public static void Write(string path, Header header, ISession session) => AtomicFile.WritePrivate(
        path,
        stream =>
        {
            byte[] head = Encode(header);
            stream.Write(head);
            stream.Write(SHA256.HashData(head));
            session.WriteSnapshot(stream, header.Since);
            stream.Flush(flushToDisk: true);
        },
        $"{path}.{Environment.ProcessId}.tmp");

    /// <summary>Reads what a file says of itself and leaves the stream at its snapshot.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="mostTokens">More tokens than this cannot be.</param>
    /// <exception cref="InvalidDataException">It is damaged or of another version.</exception>
    public static Header ReadHeader(Stream stream, int mostTokens)
    {
        Span<byte> start = stackalloc byte[FixedBytes];
        ReadExactly(stream, start);
        if (!start[..8].SequenceEqual(Magic) || BinaryPrimitives.ReadInt32LittleEndian(start[8..]) != Version) throw new InvalidDataException("it is of another version");
        int since = BinaryPrimitives.ReadInt32LittleEndian(start[^8..]), length = BinaryPrimitives.ReadInt32LittleEndian(start[^4..]);
        if (since < 0 || length <= since || length > mostTokens) throw new InvalidDataException("its lengths make no sense");
        var all = new byte[FixedBytes + ((length - since) * sizeof(int))];
        start.CopyTo(all);
        ReadExactly(stream, all.AsSpan(FixedBytes));
        Span<byte> sum = stackalloc byte[32];
        ReadExactly(stream, sum);
        if (!sum.SequenceEqual(SHA256.HashData(all))) throw new InvalidDataException("its checksum does not fit its content");
        return new Header(
            all[12..(12 + KeyBytes)],
            all[(12 + KeyBytes)..(12 + (2 * KeyBytes))],
            all[(12 + (2 * KeyBytes))..(12 + (3 * KeyBytes))],
            since,
            MemoryMarshal.Cast<byte, int>(all.AsSpan(FixedBytes)).ToArray());
    }

    private static byte[] Encode(Header header)
    {
        var bytes = new byte[FixedBytes + (header.Tokens.Length * sizeof(int))];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        header.Identity.CopyTo(bytes, 12);
        header.Space.CopyTo(bytes, 12 + KeyBytes);
        header.Parent.CopyTo(bytes, 12 + (2 * KeyBytes));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(FixedBytes - 8), header.Since);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(FixedBytes - 4), header.Since + header.Tokens.Length);
        MemoryMarshal.AsBytes<int>(header.Tokens).CopyTo(bytes.AsSpan(FixedBytes));
        return bytes;
    }

    private static void ReadExactly(Stream stream, Span<byte> bytes)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length) throw new InvalidDataException("it is cut off");
    }
}
