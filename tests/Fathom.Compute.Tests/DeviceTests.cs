using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;
using Fathom.Compute.Reference;

namespace Fathom.Compute.Tests;

/// <summary>The fast device against its plain twin, verb by verb, and against itself: no bit may depend on batch or workers.</summary>
public sealed class DeviceTests
{
    public static TheoryData<string> VerbNames => [.. Verbs.All.Keys];

    [Theory]
    [MemberData(nameof(VerbNames))]
    public void The_cpu_device_computes_what_the_plain_formulas_say(string name)
    {
        (Verbs.Run run, float tolerance) = Verbs.All[name];
        using var plain = new PlainDevice();
        using var cpu = new CpuDevice(2);
        foreach (int rows in (int[])[1, 2, 3, 5, 17])
        {
            using var data = new TestRows();
            float[] expected = run(plain, data, rows), found = run(cpu, data, rows);
            float bound = tolerance * Math.Max(1f, expected.Max(MathF.Abs));
            Assert.Equal(expected.Length, found.Length);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.False(float.IsNaN(expected[i]), $"value {i} of {rows} rows was not written");
                Assert.True(MathF.Abs(expected[i] - found[i]) <= bound, $"value {i} of {rows} rows: expected {expected[i]:r}, found {found[i]:r}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(VerbNames))]
    public void No_bit_of_a_row_depends_on_the_rest_of_the_batch_or_on_the_workers(string name)
    {
        Verbs.Run run = Verbs.All[name].Run;
        using var one = new CpuDevice(1);
        using var three = new CpuDevice(3);
        using var data = new TestRows();
        const int Most = 40;
        float[] large = run(three, data, Most);
        int perRow = large.Length / Most;
        Assert.Equal(TestRows.Bits(large), TestRows.Bits(run(one, data, Most)));
        foreach (int rows in (int[])[1, 2, 4, 9])
        {
            Assert.Equal(TestRows.Bits(large.AsSpan(0, rows * perRow)), TestRows.Bits(run(one, data, rows)));
            Assert.Equal(TestRows.Bits(large.AsSpan(0, rows * perRow)), TestRows.Bits(run(three, data, rows)));
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("cpu")]
    public void Hyper_connections_meet_the_worked_example(string name)
    {
        // Section 3.6 of the architecture specification; streams of ones make the norm 1 up to its epsilon.
        const int Hidden = 6;
        float[] mix = [.. Enumerable.Range(0, 24).Select(i => 0.1f * ((7 * i % 11) - 5))];
        float[] bias = [.. Enumerable.Range(0, 24).Select(i => 0.05f * ((3 * i % 7) - 3))];
        using IDevice device = name == "plain" ? new PlainDevice() : new CpuDevice(2);
        using var data = new TestRows();
        WeightMatrix matrix = data.Matrix(1, WeightFormat.F32, 24, 4 * Hidden);
        Rows streams = data.New(1, 4 * Hidden), mixed = data.New(1, Hidden), post = data.New(1, 4), comb = data.New(1, 16);
        streams[0].Fill(1f);
        unsafe
        {
            var weights = new Span<float>(matrix.Data, 24 * 4 * Hidden);
            weights.Clear();
            for (int i = 0; i < 24; i++) weights[i * 4 * Hidden] = mix[i];
        }

        device.MixStreams(streams, new HyperConnectionWeights(matrix, [1f, 0.5f, 2f], bias, 4, 20, 1e-6f, 1e-6f), mixed, post, comb);
        float pre = 0.3429905f + 0.5498350f + 0.4875036f + 0.6106402f;
        Assert.All(mixed[0].ToArray(), value => Assert.Equal(pre, value, 1e-5f));
        AssertNear([1.0748597f, 0.8756470f, 1.1243530f, 0.9251403f], post[0]);
        AssertNear(
            [0.1532088f, 0.4446259f, 0.2400178f, 0.1621465f, 0.2533882f, 0.0814806f, 0.3969603f, 0.2681700f, 0.1866547f, 0.3817226f, 0.2924147f, 0.1392070f, 0.4067473f, 0.0921700f, 0.0706062f, 0.4304755f],
            comb[0]);
    }

    [Fact]
    public void Rows_that_meet_at_one_place_are_added_in_their_order()
    {
        const int rows = 48, width = 8192;
        using var data = new TestRows();
        using var plain = new PlainDevice();
        using var cpu = new CpuDevice(3);
        int[] indices = [.. Enumerable.Range(0, rows).Select(row => row / 3)];
        float[] Sum(IDevice device)
        {
            Rows sums = data.Random(2, rows / 3, width);
            device.ScatterAdd(data.Random(1, rows, width), indices, sums);
            return TestRows.Read(sums);
        }

        // Several times, because two workers must meet to get into each other's way.
        float[] expected = Sum(plain);
        for (int i = 0; i < 20; i++) Assert.Equal(expected, Sum(cpu));
    }

    [Fact]
    public void Ties_of_picked_entries_go_to_the_lower_one()
    {
        var picks = new int[3];
        TopEntries.Pick([1f, 2f, 2f, 2f, 2f, 0f], picks);
        Assert.Equal([1, 2, 3], picks);
        TopEntries.Pick([1f, float.NaN], picks);
        Assert.Equal([0, 1, -1], picks);
    }

    private static void AssertNear(float[] expected, Span<float> found)
    {
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], found[i], 1e-5f);
    }
}
