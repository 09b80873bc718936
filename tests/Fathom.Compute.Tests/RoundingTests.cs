using System.Runtime.InteropServices;
using CsCheck;
using Fathom.Checkpoints;
using Fathom.Compute.Cpu;
using Fathom.Compute.Memory;
using Fathom.Compute.Numbers;
using Fathom.Compute.Reference;

namespace Fathom.Compute.Tests;

/// <summary>The reference's roundings of activations, bit for bit.</summary>
public sealed class RoundingTests
{
    private const int Width = 256;

    public static TheoryData<string> Devices => ["plain", "cpu"];

    [Theory]
    [MemberData(nameof(Devices))]
    public void Fp8_in_groups_of_128_is_the_references(string device) => CheckBits(device, "fp8_groups_of_128", (target, rows) => target.RoundToFp8(rows, Width, Width, 128));

    [Theory]
    [MemberData(nameof(Devices))]
    public void Fp8_in_groups_of_64_is_the_references(string device) => CheckBits(device, "fp8_groups_of_64", (target, rows) => target.RoundToFp8(rows, Width, Width, 64));

    [Theory]
    [MemberData(nameof(Devices))]
    public void Hadamard_and_fp4_are_the_references(string device) => CheckBits(device, "hadamard_128_then_fp4", (target, rows) => target.HadamardAndRoundToFp4(rows, 128, 32));

    [Fact]
    public void Fp4_in_groups_of_32_is_the_references()
    {
        float[] values = Golden("input");
        BlockRounding.RoundToFp4(values, 32);
        AssertBits(Golden("fp4_groups_of_32"), values);
    }

    [Fact]
    public void The_hadamard_transform_is_the_references()
    {
        float[] values = Golden("input"), expected = Golden("hadamard_128");
        for (int start = 0; start < values.Length; start += 128) Hadamard.Transform(values.AsSpan(start, 128));
        for (int i = 0; i < values.Length; i++) Assert.Equal(expected[i], values[i], 1e-6f * Math.Max(1f, Math.Abs(expected[i])));
        Assert.Throws<ArgumentException>(() => Hadamard.Transform(new float[3]));
    }

    [Fact]
    public void Only_the_leading_dimensions_of_a_head_are_rounded()
    {
        float[] values = Golden("input")[..Width];
        float[] before = [.. values];
        using var device = new CpuDevice(1);
        OnRows(values, Width, rows => device.RoundToFp8(rows, 128, 64, 64));
        for (int i = 0; i < Width; i++)
        {
            if (i % 128 >= 64) Assert.Equal(before[i], values[i]);
        }
    }

    [Fact]
    public void The_fast_rounding_has_the_bits_of_the_plain_one_for_any_floats() =>
        Gen.Select(Gen.Int.Array[1, 300], Gen.OneOf(Gen.Const(128), Gen.Const(64), Gen.Const(48))).Sample(
            (bits, group) =>
            {
                float[] values = Array.ConvertAll(bits, BitConverter.Int32BitsToSingle);
                for (int i = 0; i < values.Length; i++)
                {
                    // Activations are finite, and far from the ends of the range.
                    if (!float.IsFinite(values[i]) || MathF.Abs(values[i]) > 1e30f) values[i] = 1f;
                }

                float[] plain = [.. values];
                BlockRounding.RoundToFp8(plain, group);
                OnRows(values, values.Length, rows => RoundFast(rows, group));
                AssertBits(plain, values);
            },
            iter: 3_000);

    private static unsafe void RoundFast(Rows rows, int group) => FastRounding.RoundToFp8(rows.Data, rows.Width, group);

    private static void CheckBits(string name, string tensor, Action<IDevice, Rows> round)
    {
        using IDevice device = name == "plain" ? new PlainDevice() : new CpuDevice(2);
        float[] values = Golden("input");
        OnRows(values, Width, rows => round(device, rows));
        AssertBits(Golden(tensor), values);
    }

    private static void AssertBits(float[] expected, float[] found)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(found[i]),
                $"value {i}: expected {expected[i]:r}, found {found[i]:r}");
        }
    }

    private static unsafe void OnRows(float[] values, int width, Action<Rows> act)
    {
        using var buffer = new NativeBuffer();
        Rows rows = buffer.Take(values.Length / width, width);
        values.CopyTo(new Span<float>(rows.Data, values.Length));
        act(rows);
        new Span<float>(rows.Data, values.Length).CopyTo(values);
    }

    private static float[] Golden(string tensor)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Repository.Golden("model", "rounding.safetensors"));
        Assert.True(file.TryGet(tensor, out StoredTensor stored));
        return MemoryMarshal.Cast<byte, float>(stored.Bytes).ToArray();
    }
}
