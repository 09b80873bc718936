using System.Runtime.Intrinsics;
using Fathom.Compute.Cpu;
using Fathom.Compute.Cpu.Integers;
using Fathom.Compute.Cpu.Integers.Dots;
using Fathom.Compute.Cpu.Integers.Groups;
using Fathom.Compute.Memory;
using Fathom.Compute.Reference;

namespace Fathom.Compute.Tests;

/// <summary>Products of 8-bit inputs: against the plain formulas, and every kernel against every other to the bit.</summary>
public sealed unsafe class FastProductTests
{
    private static readonly WeightFormat[] IntegerFormats = [WeightFormat.Fp8, WeightFormat.Fp4, WeightFormat.Mxfp4, WeightFormat.Q80, WeightFormat.Q4K, WeightFormat.Q6K, WeightFormat.Q2K, WeightFormat.Iq2Xxs];

    public static TheoryData<string> Products => [.. Verbs.All.Keys.Where(name => name.Contains("Linear", StringComparison.Ordinal))];

    // Those of this processor, and those of processors with another dot instruction, by what it means.
    private static IReadOnlyList<IntegerKernels> Kernels { get; } = [.. IntegerKernels.Supported, new GroupKernels<PortableDot, Sums<PortableDot>>("portable")];

    public static TheoryData<WeightFormat> Formats => [.. IntegerFormats];

    [Theory]
    [MemberData(nameof(Products))]
    public void Fast_products_are_what_the_plain_formulas_say(string name)
    {
        (Verbs.Run run, float tolerance) = Verbs.All[name];
        using var plain = new PlainDevice(Arithmetic.Fast);
        using var cpu = new CpuDevice(2, Arithmetic.Fast);
        foreach (int rows in (int[])[1, 3, 5, 17])
        {
            using var data = new TestRows();
            float[] expected = run(plain, data, rows), found = run(cpu, data, rows);
            float bound = tolerance * Math.Max(1f, expected.Max(MathF.Abs));
            for (int i = 0; i < expected.Length; i++) Assert.True(MathF.Abs(expected[i] - found[i]) <= bound, $"value {i} of {rows} rows: expected {expected[i]:r}, found {found[i]:r}");
        }
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void No_bit_of_a_fast_product_depends_on_the_batch_or_on_the_workers(string name)
    {
        Verbs.Run run = Verbs.All[name].Run;
        using var one = new CpuDevice(1, Arithmetic.Fast);
        using var three = new CpuDevice(3, Arithmetic.Fast);
        using var data = new TestRows();
        const int Most = 40;
        float[] large = run(three, data, Most);
        int perRow = large.Length / Most;
        foreach (int rows in (int[])[1, 2, 4, 5, 9, 40])
        {
            Assert.Equal(TestRows.Bits(large.AsSpan(0, rows * perRow)), TestRows.Bits(run(one, data, rows)));
            Assert.Equal(TestRows.Bits(large.AsSpan(0, rows * perRow)), TestRows.Bits(run(three, data, rows)));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void All_kernels_give_the_bits_of_the_formula(WeightFormat format)
    {
        using var data = new TestRows();
        using var formula = new CpuDevice(1, Arithmetic.Fast) { Kernels = null };
        foreach ((int rows, int columns) in ((int, int)[])[(71, 512), (32, 256), (9, 1280)])
        {
            WeightMatrix weight = data.Matrix(rows, format, rows, columns);
            Rows x = data.Random(2, 70, columns, 4f), expected = data.New(70, rows);
            formula.Linear(x, weight, expected);
            foreach (IntegerKernels kernels in Kernels)
            {
                using var device = new CpuDevice(2, Arithmetic.Fast) { Kernels = kernels };
                foreach (int inputs in kernels is GroupKernels<PortableDot, Sums<PortableDot>> ? (int[])[2, 7] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 70])
                {
                    Rows y = data.New(inputs, rows);
                    device.Linear(x.Slice(0, inputs), weight, y);
                    for (int i = 0; i < inputs; i++) Assert.True(TestRows.Bits(expected[i]).AsSpan().SequenceEqual(TestRows.Bits(y[i])), $"{kernels.Name}: input {i} of {inputs}, {rows} rows of {columns} columns");
                }
            }
        }
    }

    [Fact]
    public void Every_code_of_8_bits_has_the_integer_of_the_formula()
    {
        byte* codes = stackalloc byte[256];
        for (int i = 0; i < 256; i++) codes[i] = (byte)i;
        for (int i = 0; i < 256; i += 32)
        {
            (Vector256<short> first, Vector256<short> last) = Fp8Group.LoadWide(codes + i, 0);
            for (int k = 0; k < 16; k++) Assert.Equal((Fp8Integers.At(codes[i + k]), Fp8Integers.At(codes[i + 16 + k])), (first[k], last[k]));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_largest_codes_and_inputs_do_not_overflow(WeightFormat format)
    {
        // Every bit of every code set, or none; scales as they are.
        const int Rows = 32, Columns = 256;
        using var data = new TestRows();
        using var formula = new CpuDevice(1, Arithmetic.Fast) { Kernels = null };
        foreach (byte code in (byte[])[0xFF, 0x00, 0x80, 0x7E, 0xFE, 0x77])
        {
            WeightMatrix weight = data.Filled(format, Rows, Columns, code);
            foreach (float input in (float[])[1f, -1f])
            {
                Rows x = data.New(8, Columns), expected = data.New(8, Rows), y = data.New(8, Rows);
                for (int i = 0; i < 8; i++) x[i].Fill(input);
                formula.Linear(x, weight, expected);
                foreach (IntegerKernels kernels in Kernels)
                {
                    using var device = new CpuDevice(1, Arithmetic.Fast) { Kernels = kernels };
                    foreach (int inputs in (int[])[1, 8])
                    {
                        device.Linear(x.Slice(0, inputs), weight, y.Slice(0, inputs));
                        Assert.True(TestRows.Bits(expected[0]).AsSpan().SequenceEqual(TestRows.Bits(y[0])), $"{kernels.Name}, {code:x2}, {inputs} inputs: expected {expected[0][0]}, found {y[0][0]}");
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(7, 1f)]
    [InlineData(15, 1f)]
    [InlineData(7, -1f)]
    [InlineData(15, -1f)]
    public void The_largest_products_do_not_overflow(int code, float input)
    {
        const int Rows = 32, Columns = 256;
        using var data = new TestRows();
        using var device = new CpuDevice(1, Arithmetic.Fast);
        WeightMatrix weight = data.Matrix(1, WeightFormat.Fp4, Rows, Columns);
        new Span<byte>(weight.Data, Rows * Columns / 2).Fill((byte)(code | (code << 4)));
        new Span<byte>(weight.Scales, Rows * Columns / 32).Fill(127);
        foreach (int inputs in (int[])[1, 8])
        {
            Rows x = data.New(inputs, Columns), y = data.New(inputs, Rows);
            for (int i = 0; i < inputs; i++) x[i].Fill(input);
            device.Linear(x, weight, y);
            for (int i = 0; i < inputs; i++) Assert.All(y[i].ToArray(), value => Assert.Equal((code == 7 ? 6f : -6f) * input * Columns, value, 1e-2f));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void An_input_that_is_no_number_gives_none(WeightFormat format)
    {
        using var data = new TestRows();
        using var device = new CpuDevice(1, Arithmetic.Fast);
        Rows x = data.Random(1, 6, 256), y = data.New(6, 32);
        x[3][40] = float.NaN;
        device.Linear(x, data.Matrix(2, format, 32, 256), y);
        Assert.All(y[3].ToArray(), value => Assert.True(float.IsNaN(value)));
        Assert.All(y[2].ToArray(), value => Assert.False(float.IsNaN(value)));
    }
}
