using System.Buffers.Binary;
using System.Text;

namespace Fathom.Training.Libtorch;

/// <summary>Changes which function and which version of it a 64-bit little-endian ELF library asks for.</summary>
internal static class ElfReferences
{
    private const int DynamicSymbols = 11;
    private const uint NeededVersions = 0x6FFFFFFE;
    private const int SymbolBytes = 24;

    /// <summary>Redirects one undefined function and one needed version, in place. The new names must not be longer.</summary>
    /// <returns>Whether both were found; otherwise nothing is changed.</returns>
    public static bool Redirect(Span<byte> file, string function, string newFunction, string version, string newVersion)
    {
        if (file.Length < 64 || !file.StartsWith("\u007fELF\u0002\u0001"u8)) return false;
        if (Section(file, DynamicSymbols) is not { } symbols || Section(file, NeededVersions) is not { } versions) return false;
        long names = BinaryPrimitives.ReadInt64LittleEndian(file[(int)(HeaderOf(file, symbols.Link) + 24)..]);

        int? functionName = null;
        for (long at = symbols.Offset; at < symbols.Offset + symbols.Size; at += SymbolBytes)
        {
            int name = (int)(names + BinaryPrimitives.ReadUInt32LittleEndian(file[(int)at..]));
            if (IsName(file, name, function)) functionName = name;
        }

        if (functionName is null || FindVersion(file, versions.Offset, names, version) is not { } needed) return false;
        Write(file, functionName.Value, newFunction);
        Write(file, needed.Name, newVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(file[needed.Entry..], Hash(newVersion));
        return true;
    }

    private static (int Entry, int Name)? FindVersion(ReadOnlySpan<byte> file, long start, long names, string version)
    {
        for (long need = start; ;)
        {
            ReadOnlySpan<byte> header = file[(int)need..];
            long entry = need + BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
            for (int i = 0; i < BinaryPrimitives.ReadUInt16LittleEndian(header[2..]); i++)
            {
                int name = (int)(names + BinaryPrimitives.ReadUInt32LittleEndian(file[((int)entry + 8)..]));
                if (IsName(file, name, version)) return ((int)entry, name);
                entry += BinaryPrimitives.ReadUInt32LittleEndian(file[((int)entry + 12)..]);
            }

            uint next = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
            if (next == 0) return null;
            need += next;
        }
    }

    private static (long Offset, long Size, int Link)? Section(ReadOnlySpan<byte> file, uint type)
    {
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[0x3C..]);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = file[(int)HeaderOf(file, i)..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) == type)
                return (BinaryPrimitives.ReadInt64LittleEndian(header[24..]), BinaryPrimitives.ReadInt64LittleEndian(header[32..]), BinaryPrimitives.ReadInt32LittleEndian(header[40..]));
        }

        return null;
    }

    private static long HeaderOf(ReadOnlySpan<byte> file, int section) =>
        BinaryPrimitives.ReadInt64LittleEndian(file[0x28..]) + ((long)section * BinaryPrimitives.ReadUInt16LittleEndian(file[0x3A..]));

    private static bool IsName(ReadOnlySpan<byte> file, int at, string name)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(name + "\0");
        return at >= 0 && at + bytes.Length <= file.Length && file.Slice(at, bytes.Length).SequenceEqual(bytes);
    }

    private static void Write(Span<byte> file, int at, string name) => Encoding.ASCII.GetBytes(name + "\0").CopyTo(file[at..]);

    // The hash of the System V ABI.
    private static uint Hash(string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xF0000000;
            if (high != 0) hash ^= high >> 24;
            hash &= ~high;
        }

        return hash;
    }
}
