using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Cpu.Kernels;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu;

/// <summary>Turns stored weight rows into floats, exactly: every value is the one of <see cref="WeightMatrix.ValueAt"/>.</summary>
internal static unsafe class WeightDecoder
{
    private static Vector128<sbyte> Doubled => Vector128.Create((sbyte)0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

    /// <summary>Decodes one row into <paramref name="target"/>, [columns].</summary>
    public static void DecodeRow(WeightMatrix weight, int row, float* target) => DecodeColumns(weight, row, 0, weight.Columns, target);

    /// <summary>Decodes columns of a row into <paramref name="target"/>, [<paramref name="count"/>].</summary>
    /// <param name="weight">The matrix.</param>
    /// <param name="row">Which row.</param>
    /// <param name="first">First column, a multiple of 256.</param>
    /// <param name="count">Columns; whole blocks unless the row ends.</param>
    /// <param name="target">Receives them.</param>
    public static void DecodeColumns(WeightMatrix weight, int row, int first, int count, float* target)
    {
        byte* source = weight.Data + (row * weight.RowBytes);
        switch (weight.Format)
        {
            case WeightFormat.F32:
                Unsafe.CopyBlockUnaligned(target, source + (4L * first), 4u * (uint)count);
                break;
            case WeightFormat.F16:
                DecodeHalves<Binary16Numbers>((ushort*)source + first, target, count);
                break;
            case WeightFormat.BF16:
                DecodeHalves<BFloat16Numbers>((ushort*)source + first, target, count);
                break;
            case WeightFormat.Fp8:
                for (int column = 0; column < count; column += WeightMatrix.Fp8Block)
                    DecodeFp8(source + first + column, target + column, Math.Min(WeightMatrix.Fp8Block, count - column), weight.ScaleAt(row, (first + column) / WeightMatrix.Fp8Block));
                break;
            case WeightFormat.Fp4:
                for (int column = 0; column < count; column += WeightMatrix.Fp4Group)
                    DecodeFp4(source + ((first + column) / 2), target + column, Math.Min(WeightMatrix.Fp4Group, count - column), weight.ScaleAt(row, (first + column) / WeightMatrix.Fp4Group));
                break;
            default:
                int values = GgufBlocks.ValuesOf(weight.Format), bytes = GgufBlocks.BytesOf(weight.Format);
                source += (long)first / values * bytes;
                for (int column = 0; column < count; column += values, source += bytes) DecodeBlock(weight.Format, source, target + column);
                break;
        }
    }

    private static void DecodeBlock(WeightFormat format, byte* block, float* target)
    {
        switch (format)
        {
            case WeightFormat.Q80: DecodeQ80(block, target); break;
            case WeightFormat.Mxfp4: DecodeMxfp4(block, target); break;
            default: GgufBlocks.Decode(format, block, target); break;
        }
    }

    private static void DecodeHalves<TNumbers>(ushort* source, float* target, int length)
        where TNumbers : struct, IHalfNumbers
    {
        int i = 0;
        for (; i <= length - Lanes.Count; i += Lanes.Count) TNumbers.Load(source + i).Store(target + i);
        for (; i < length; i++) target[i] = TNumbers.Decode(source[i]);
    }

    // The seven exponent and mantissa bits go to their places in a float and the exponent is re-biased by 120.
    // Subnormal codes (exponent field 0) are built as 2^-6·(1 + m/8) − 2^-6 = m·2^-9: no float subnormal ever
    // appears, which would cost a hundred cycles each.
    private static void DecodeFp8(byte* source, float* target, int length, float scale)
    {
        Vector512<float> scales = Vector512.Create(scale);
        Vector512<float> smallestNormal = Vector512.Create(0.015625f);
        int i = 0;
        for (; i <= length - Lanes.Count; i += Lanes.Count)
        {
            Vector512<int> code = Lanes.Widen(Vector128.Load(source + i));
            Vector512<int> low = code & Vector512.Create(0x7F);
            Vector512<int> shifted = low << 20;
            Vector512<float> normal = (shifted + Vector512.Create(120 << 23)).AsSingle();
            Vector512<float> subnormal = (shifted + Vector512.Create(121 << 23)).AsSingle() - smallestNormal;
            Vector512<float> magnitude = Vector512.ConditionalSelect(
                Vector512.LessThan(low, Vector512.Create(8)).AsSingle(), subnormal, normal);
            magnitude = Vector512.ConditionalSelect(
                Vector512.Equals(low, Vector512.Create(0x7F)).AsSingle(), Vector512.Create(float.NaN), magnitude);
            Vector512<int> sign = (code & Vector512.Create(0x80)) << 24;
            ((magnitude.AsInt32() | sign).AsSingle() * scales).Store(target + i);
        }

        for (; i < length; i++) target[i] = E4M3.Decode(source[i]) * scale;
    }

    private static void DecodeQ80(byte* block, float* target)
    {
        Vector512<float> scale = Vector512.Create((float)*(Half*)block);
        for (int i = 0; i < 32; i += Lanes.Count) (Vector512.ConvertToSingle(Lanes.Widen(Vector128.Load((sbyte*)block + 2 + i))) * scale).Store(target + i);
    }

    // Low nibbles are the first sixteen values.
    private static void DecodeMxfp4(byte* block, float* target)
    {
        Vector512<float> halfScale = Vector512.Create(E8M0.Decode(block[0]) * 0.5f);
        Vector128<byte> codes = Vector128.Load(block + 1), doubled = Doubled.AsByte();
        (Vector512.ConvertToSingle(Lanes.Widen(Vector128.Shuffle(doubled, codes & Vector128.Create((byte)15)).AsSByte())) * halfScale).Store(target);
        (Vector512.ConvertToSingle(Lanes.Widen(Vector128.Shuffle(doubled, codes >>> 4).AsSByte())) * halfScale).Store(target + Lanes.Count);
    }

    // Values doubled are small integers, so a byte shuffle is the table; half the scale undoes the doubling.
    private static void DecodeFp4(byte* source, float* target, int length, float scale)
    {
        Vector512<float> halfScale = Vector512.Create(scale * 0.5f);
        Vector128<byte> doubled = Doubled.AsByte();
        Vector128<byte> eachTwice = Vector128.Create((byte)0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
        Vector128<byte> oddPlaces = Vector128.Create((ushort)0xFF00).AsByte();
        Vector128<byte> lowNibble = Vector128.Create((byte)0x0F);
        int i = 0;
        for (; i <= length - Lanes.Count; i += Lanes.Count)
        {
            Vector128<byte> pairs = Vector128.Shuffle(Vector128.CreateScalar(*(ulong*)(source + (i / 2))).AsByte(), eachTwice);
            Vector128<byte> codes = Vector128.ConditionalSelect(oddPlaces, pairs >>> 4, pairs & lowNibble);
            Vector512<int> integers = Lanes.Widen(Vector128.Shuffle(doubled, codes).AsSByte());
            (Vector512.ConvertToSingle(integers) * halfScale).Store(target + i);
        }

        for (; i < length; i++) target[i] = E2M1.Decode(source[i / 2] >> (4 * (i & 1))) * scale;
    }
}
