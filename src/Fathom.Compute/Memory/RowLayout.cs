using System.Runtime.InteropServices;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Memory;

/// <summary>Where the values of a row lie in a page of <see cref="PagedRows"/>, and the plain formulas that write and read them.</summary>
/// <param name="Format">The format.</param>
/// <param name="Width">Values in a row; a multiple of four in <see cref="RowFormat.Fp4"/>.</param>
/// <param name="Tail">Last values that <see cref="RowFormat.Fp8"/> keeps in bfloat16.</param>
public readonly unsafe record struct RowLayout(RowFormat Format, int Width, int Tail = 0)
{
    /// <summary>Values that share a scale in <see cref="RowFormat.Fp8"/>.</summary>
    public const int Fp8Group = 64;

    /// <summary>Values that share a scale in <see cref="RowFormat.Fp4"/>.</summary>
    public const int Fp4Group = 32;

    /// <summary>Scales of a row.</summary>
    public int Groups => Format switch
    {
        RowFormat.Fp8 => (Width - Tail + Fp8Group - 1) / Fp8Group,
        RowFormat.Fp4 => (Width + Fp4Group - 1) / Fp4Group,
        _ => 0,
    };

    /// <summary>Bytes of a row: what the specification counts.</summary>
    public int RowBytes => Format switch
    {
        RowFormat.BF16 => 2 * Width,
        RowFormat.Fp8 => Width - Tail + (2 * Tail) + Groups + 1,
        RowFormat.Fp4 => (Width / 2) + Groups,
        _ => 4 * Width,
    };

    /// <summary>Writes a row, rounded to the format.</summary>
    /// <param name="page">The page.</param>
    /// <param name="slot">Which row of it.</param>
    /// <param name="row">[<see cref="Width"/>].</param>
    public void Encode(byte* page, int slot, ReadOnlySpan<float> row)
    {
        byte* target = page + ((long)slot * RowBytes);
        switch (Format)
        {
            case RowFormat.F32:
                row.CopyTo(new Span<float>(target, Width));
                break;
            case RowFormat.BF16:
                EncodeBFloat16((ushort*)target, row);
                break;
            case RowFormat.Fp8:
                int rounded = Width - Tail;
                byte* scales = target + rounded + (2 * Tail);
                for (int group = 0; group < Groups; group++)
                {
                    ReadOnlySpan<float> values = row[(group * Fp8Group)..Math.Min(rounded, (group + 1) * Fp8Group)];
                    float scale = BlockRounding.Fp8Scale(values);
                    scales[group] = BlockRounding.ScaleCode(scale);
                    for (int i = 0; i < values.Length; i++) target[(group * Fp8Group) + i] = E4M3.Encode(Math.Clamp(values[i] / scale, -E4M3.MaxValue, E4M3.MaxValue));
                }

                EncodeBFloat16((ushort*)(target + rounded), row[rounded..]);
                scales[Groups] = 0;
                break;
            default:
                Span<byte> packed = stackalloc byte[RowBytes];
                for (int group = 0; group < Groups; group++)
                {
                    ReadOnlySpan<float> values = row[(group * Fp4Group)..Math.Min(Width, (group + 1) * Fp4Group)];
                    float scale = BlockRounding.Fp4Scale(values);
                    packed[(Width / 2) + group] = BlockRounding.ScaleCode(scale);
                    for (int i = 0; i < values.Length; i += 2)
                        packed[((group * Fp4Group) + i) / 2] = (byte)(BlockRounding.Fp4Code(values[i], scale) | (BlockRounding.Fp4Code(values[i + 1], scale) << 4));
                }

                Store(page, slot, packed);
                break;
        }
    }

    /// <summary>Reads a row.</summary>
    /// <param name="page">The page.</param>
    /// <param name="slot">Which row of it.</param>
    /// <param name="row">Receives the values, [<see cref="Width"/>].</param>
    public void Decode(byte* page, int slot, Span<float> row)
    {
        byte* source = page + ((long)slot * RowBytes);
        switch (Format)
        {
            case RowFormat.F32:
                new ReadOnlySpan<float>(source, Width).CopyTo(row);
                break;
            case RowFormat.BF16:
                for (int i = 0; i < Width; i++) row[i] = BFloat16.Decode(((ushort*)source)[i]);
                break;
            case RowFormat.Fp8:
                int rounded = Width - Tail;
                var tail = (ushort*)(source + rounded);
                byte* scales = source + rounded + (2 * Tail);
                for (int i = 0; i < rounded; i++) row[i] = E4M3.Decode(source[i]) * E8M0.Decode(scales[i / Fp8Group]);
                for (int i = 0; i < Tail; i++) row[rounded + i] = BFloat16.Decode(tail[i]);
                break;
            default:
                Span<byte> packed = stackalloc byte[RowBytes];
                Load(page, slot, packed);
                for (int i = 0; i < Width; i++) row[i] = E2M1.Decode(packed[i / 2] >> (i % 2 * 4)) * E8M0.Decode(packed[(Width / 2) + (i / Fp4Group)]);
                break;
        }
    }

    /// <summary>Copies a row's bytes out of a page, in the order of the specification whatever the page's own order is.</summary>
    public void Load(byte* page, int slot, Span<byte> bytes)
    {
        if (Format != RowFormat.Fp4)
        {
            new ReadOnlySpan<byte>(page + ((long)slot * RowBytes), RowBytes).CopyTo(bytes);
            return;
        }

        Span<ushort> quads = MemoryMarshal.Cast<byte, ushort>(bytes[..(Width / 2)]);
        for (int quad = 0; quad < quads.Length; quad++) quads[quad] = *Quad(page, slot, quad);
        for (int group = 0; group < Groups; group++) bytes[(Width / 2) + group] = *Scale(page, slot, group);
    }

    /// <summary>Copies a row's bytes into a page.</summary>
    public void Store(byte* page, int slot, ReadOnlySpan<byte> bytes)
    {
        if (Format != RowFormat.Fp4)
        {
            bytes.CopyTo(new Span<byte>(page + ((long)slot * RowBytes), RowBytes));
            return;
        }

        ReadOnlySpan<ushort> quads = MemoryMarshal.Cast<byte, ushort>(bytes[..(Width / 2)]);
        for (int quad = 0; quad < quads.Length; quad++) *Quad(page, slot, quad) = quads[quad];
        for (int group = 0; group < Groups; group++) *Scale(page, slot, group) = bytes[(Width / 2) + group];
    }

    // Fp4 pages: for every four channels the two bytes of each row, [Width / 4][64] of 16 bits; then [groups][64] scales.
    private static ushort* Quad(byte* page, int slot, int quad) => (ushort*)page + ((quad * PagedRows.RowsPerPage) + slot);

    private byte* Scale(byte* page, int slot, int group) => page + (Width / 2 * PagedRows.RowsPerPage) + (group * PagedRows.RowsPerPage) + slot;

    private static void EncodeBFloat16(ushort* target, ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++) target[i] = BFloat16.Encode(values[i]);
    }
}
