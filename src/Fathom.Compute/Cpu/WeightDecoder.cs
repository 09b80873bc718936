using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Cpu;

/// <summary>Turns stored weight rows into floats, exactly: every value is the one of <see cref="WeightMatrix.ValueAt"/>.</summary>
internal static unsafe class WeightDecoder
{
    /// <summary>Decodes one row into <paramref name="target"/>, [columns].</summary>
    public static void DecodeRow(WeightMatrix weight, int row, float* target)
    {
        byte* source = weight.Data + (row * weight.RowBytes);
        switch (weight.Format)
        {
            case WeightFormat.F32:
                Unsafe.CopyBlockUnaligned(target, source, (uint)weight.RowBytes);
                break;
            case WeightFormat.F16:
                TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(source, weight.Columns), new Span<float>(target, weight.Columns));
                break;
            case WeightFormat.BF16:
                DecodeBFloat16((ushort*)source, target, weight.Columns);
                break;
            case WeightFormat.Fp8:
                for (int block = 0; block < weight.ScaleColumns; block++)
                {
                    int column = block * WeightMatrix.Fp8Block;
                    DecodeFp8(source + column, target + column, Math.Min(WeightMatrix.Fp8Block, weight.Columns - column), weight.ScaleAt(row, block));
                }

                break;
            case WeightFormat.Fp4:
                for (int group = 0; group < weight.ScaleColumns; group++)
                {
                    int column = group * WeightMatrix.Fp4Group;
                    DecodeFp4(source + (column / 2), target + column, Math.Min(WeightMatrix.Fp4Group, weight.Columns - column), weight.ScaleAt(row, group));
                }

                break;
            case WeightFormat.Q80:
                for (int block = 0; block < weight.Columns / 32; block++) DecodeQ80(source + (block * 34), target + (block * 32));
                break;
            default:
                int values = GgufBlocks.ValuesOf(weight.Format), bytes = GgufBlocks.BytesOf(weight.Format);
                for (int block = 0; block < weight.Columns / values; block++) GgufBlocks.Decode(weight.Format, source + (block * bytes), target + (block * values));
                break;
        }
    }

    private static void DecodeBFloat16(ushort* source, float* target, int length)
    {
        int i = 0;
        for (; i <= length - Lanes.Count; i += Lanes.Count)
            (Lanes.Widen(Vector256.Load(source + i)) << 16).AsSingle().Store(target + i);
        for (; i < length; i++) target[i] = BFloat16.Decode(source[i]);
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

    // Values doubled are small integers, so a byte shuffle is the table; half the scale undoes the doubling.
    private static void DecodeFp4(byte* source, float* target, int length, float scale)
    {
        Vector512<float> halfScale = Vector512.Create(scale * 0.5f);
        Vector128<byte> doubled = Vector128.Create((sbyte)0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12).AsByte();
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
