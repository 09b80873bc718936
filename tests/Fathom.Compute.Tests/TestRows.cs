using System.Runtime.InteropServices;
using Fathom.Compute.Memory;
using Fathom.Compute.Numbers;

namespace Fathom.Compute.Tests;

/// <summary>Random operands in device memory. What a row holds depends on its number alone, so batches of different sizes share their first rows.</summary>
internal sealed unsafe class TestRows : IDisposable
{
    private readonly List<NativeBuffer> buffers = [];
    private readonly List<nint> blocks = [];

    public Rows New(int count, int width)
    {
        var buffer = new NativeBuffer();
        buffers.Add(buffer);
        Rows rows = buffer.Take(count, width);
        new Span<float>(rows.Data, count * width).Fill(float.NaN);
        return rows;
    }

    public Rows Random(int seed, int count, int width, float scale = 1f)
    {
        Rows rows = New(count, width);
        for (int i = 0; i < count; i++) Fill(rows[i], HashCode(seed, i), scale);
        return rows;
    }

    public static float[] Values(int seed, int count, float scale = 1f)
    {
        var values = new float[count];
        Fill(values, HashCode(seed, -1), scale);
        return values;
    }

    public static float[] Read(Rows rows) => new Span<float>(rows.Data, rows.Count * rows.Width).ToArray();

    /// <summary>What must be the same when results are the same to the bit.</summary>
    public static int[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new int[values.Length];
        for (int i = 0; i < bits.Length; i++) bits[i] = BitConverter.SingleToInt32Bits(values[i]);
        return bits;
    }

    /// <summary>A matrix of random codes without NaN, scales around 1.</summary>
    public WeightMatrix Matrix(int seed, WeightFormat format, int rows, int columns, bool floatScales = false)
    {
        var random = new Random(seed);
        if (GgufBlocks.IsBlock(format)) return Blocks(random, format, rows, columns);
        long bytes = format switch { WeightFormat.F32 => 4L, WeightFormat.F16 or WeightFormat.BF16 => 2L, _ => 1L } * rows * columns;
        byte* data = Allocate(bytes);
        for (long i = 0; i < (long)rows * columns; i++)
        {
            float value = (float)((random.NextDouble() * 2) - 1);
            switch (format)
            {
                case WeightFormat.F32: ((float*)data)[i] = value; break;
                case WeightFormat.F16: ((Half*)data)[i] = (Half)value; break;
                case WeightFormat.BF16: ((ushort*)data)[i] = BFloat16.Encode(value); break;
                case WeightFormat.Fp8: data[i] = E4M3.Encode(value * 2); break;
                default: data[i / 2] = (byte)random.Next(256); break;
            }
        }

        if (format is not (WeightFormat.Fp8 or WeightFormat.Fp4)) return new WeightMatrix(format, rows, columns, data);
        int scaleRows = format == WeightFormat.Fp8 ? (rows + 127) / 128 : rows, scaleColumns = (columns + (format == WeightFormat.Fp8 ? 127 : 31)) / (format == WeightFormat.Fp8 ? 128 : 32);
        byte* scales = Allocate(4L * scaleRows * scaleColumns);
        for (int i = 0; i < scaleRows * scaleColumns; i++)
        {
            if (floatScales) ((float*)scales)[i] = 0.5f + (float)random.NextDouble();
            else scales[i] = (byte)random.Next(124, 129);
        }

        return new WeightMatrix(format, rows, columns, data, scales, floatScales);
    }

    /// <summary>A matrix in a format of integers whose codes are one byte everywhere, scales of groups included; other scales are those of <see cref="Matrix"/>.</summary>
    public WeightMatrix Filled(WeightFormat format, int rows, int columns, byte code)
    {
        WeightMatrix weight = Matrix(1, format, rows, columns);
        int blockBytes = GgufBlocks.IsBlock(format) ? GgufBlocks.BytesOf(format) : 1;
        (int start, int end) = format switch { WeightFormat.Q80 or WeightFormat.Iq2Xxs => (2, blockBytes), WeightFormat.Mxfp4 => (1, blockBytes), WeightFormat.Q4K => (4, blockBytes), WeightFormat.Q6K => (0, 208), WeightFormat.Q2K => (0, 80), _ => (0, 1) };
        for (long block = 0; block < rows * weight.RowBytes; block += blockBytes) new Span<byte>(weight.Data + block + start, end - start).Fill(code);
        return weight;
    }

    // Random bytes, with scales near 1 where a random one could be anything.
    private WeightMatrix Blocks(Random random, WeightFormat format, int rows, int columns)
    {
        int blockBytes = GgufBlocks.BytesOf(format), blocks = rows * columns / GgufBlocks.ValuesOf(format);
        byte* data = Allocate((long)blocks * blockBytes);
        for (int block = 0; block < blocks; block++)
        {
            byte* start = data + ((long)block * blockBytes);
            random.NextBytes(new Span<byte>(start, blockBytes));
            void Scale(int place, double value) => *(Half*)(start + place) = (Half)value;
            switch (format)
            {
                case WeightFormat.Q80: Scale(0, (0.5 + random.NextDouble()) / 100); break;
                case WeightFormat.Mxfp4: start[0] = (byte)random.Next(124, 129); break;
                case WeightFormat.Q4K: Scale(0, random.NextDouble() / 500); Scale(2, random.NextDouble() / 100); break;
                case WeightFormat.Q6K: Scale(208, random.NextDouble() / 3000); break;
                case WeightFormat.Q2K: Scale(80, random.NextDouble() / 20); Scale(82, random.NextDouble() / 20); break;
                default: Scale(0, random.NextDouble() / 100); break;
            }
        }

        return new WeightMatrix(format, rows, columns, data);
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in buffers) buffer.Dispose();
        foreach (nint block in blocks) NativeMemory.Free((void*)block);
    }

    private byte* Allocate(long bytes)
    {
        var block = (byte*)NativeMemory.Alloc((nuint)bytes);
        blocks.Add((nint)block);
        return block;
    }

    private static int HashCode(int seed, int row) => unchecked((seed * 7919) + (row * 104_729) + 13);

    private static void Fill(Span<float> values, int seed, float scale)
    {
        var random = new Random(seed);
        foreach (ref float value in values) value = (float)((random.NextDouble() * 2) - 1) * scale;
    }
}
