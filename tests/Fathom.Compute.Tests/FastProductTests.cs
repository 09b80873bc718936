using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;
using Fathom.Compute.Reference;

namespace Fathom.Compute.Tests;

/// <summary>Products of 8-bit inputs: against the plain formulas, and every kernel against every other to the bit.</summary>
public sealed unsafe class FastProductTests
{
    private static readonly WeightFormat[] IntegerFormats = [WeightFormat.Fp8, WeightFormat.Fp4, WeightFormat.Mxfp4, WeightFormat.Q80];

    public static TheoryData<string> Products => [.. Verbs.All.Keys.Where(name => name.Contains("Linear", StringComparison.Ordinal))];

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
    public void Kernels_give_the_bits_of_the_formula(WeightFormat format)
    {
        // Seven rows are too few for a kernel.
        const int Rows = 64, Few = 7, Columns = 640;
        using var data = new TestRows();
        using var device = new CpuDevice(2, Arithmetic.Fast);
        WeightMatrix all = data.Matrix(1, format, Rows, Columns), few = new(format, Few, Columns, all.Data, all.Scales);
        foreach (int inputs in (int[])[1, 4, 5, 12])
        {
            Rows x = data.Random(2, inputs, Columns, 4f), y = data.New(inputs, Rows), expected = data.New(inputs, Few);
            device.Linear(x, all, y);
            device.Linear(x, few, expected);
            for (int i = 0; i < inputs; i++) Assert.Equal(TestRows.Bits(expected[i]), TestRows.Bits(y[i][..Few]));
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
        Rows x = data.Random(1, 6, 128), y = data.New(6, 32);
        x[3][40] = float.NaN;
        device.Linear(x, data.Matrix(2, format, 32, 128), y);
        Assert.All(y[3].ToArray(), value => Assert.True(float.IsNaN(value)));
        Assert.All(y[2].ToArray(), value => Assert.False(float.IsNaN(value)));
    }
}
