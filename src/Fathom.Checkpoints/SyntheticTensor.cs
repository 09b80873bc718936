using System.Buffers.Binary;
using Fathom.Compute.Numbers;

namespace Fathom.Checkpoints;

/// <summary>One tensor of a synthetic checkpoint: its place in the file and how its bytes are drawn.</summary>
internal sealed class SyntheticTensor
{
    // Root mean square of evenly drawn FP4 codes, and of the FP8 codes drawn below.
    private const double Fp4Spread = 2.93, Fp8Spread = 0.88;

    private readonly float mean;
    private readonly float spread;
    private readonly int limit;

    private SyntheticTensor(string name, StoredType type, long[] shape, float mean, float spread, int limit = 0)
    {
        Name = name;
        Type = type;
        Shape = shape;
        this.mean = mean;
        this.spread = spread;
        this.limit = limit;
    }

    public string Name { get; }

    public StoredType Type { get; }

    public long[] Shape { get; }

    public long Bytes => StoredTypes.BytesOf(Type, Shape);

    /// <summary>The tensors that an expected tensor is stored as: itself, and its scales.</summary>
    /// <param name="expected">What is expected.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="matrices">Format of matrices outside the experts: F8E4M3 as in the official layout, BF16 or F32.</param>
    public static IEnumerable<SyntheticTensor> For(ExpectedTensor expected, V4Config config, StoredType matrices)
    {
        (string name, long[] shape) = (expected.Name, expected.Shape);
        float fanIn = 1f / MathF.Sqrt(shape[^1]);
        switch (expected.Role)
        {
            case TensorRole.Linear when matrices != StoredType.F8E4M3:
                yield return new(name, matrices, shape, 0, fanIn);
                break;
            case TensorRole.Linear:
                yield return new(name, StoredType.F8E4M3, shape, 0, 0);
                yield return new(expected.ScaleName, StoredType.F8E8M0, [(shape[0] + 127) / 128, (shape[1] + 127) / 128], PowerOfTwo(fanIn / Fp8Spread), 0);
                break;
            case TensorRole.Expert:
                yield return new(name, StoredType.I8, [shape[0], shape[1] / 2], 0, 0);
                yield return new(expected.ScaleName, StoredType.F8E8M0, [shape[0], (shape[1] + 31) / 32], PowerOfTwo(fanIn / Fp4Spread), 0);
                break;
            case TensorRole.Precise:
                (float mean, float spread) = Precise(name, fanIn, shape.Length == 1);
                yield return new(name, StoredType.BF16, shape, mean, spread);
                break;
            case TensorRole.Small:
                (mean, spread) = Small(name, fanIn);
                yield return new(name, StoredType.F32, shape, mean, spread);
                break;
            default:
                yield return new(name, StoredType.I64, shape, 0, 0, config.ExpertCount);
                break;
        }
    }

    /// <summary>Draws the next bytes; pieces are whole values.</summary>
    public void Fill(Span<byte> target, SyntheticRandom random)
    {
        switch (Type)
        {
            case StoredType.I8:
                random.Fill(target);
                break;
            case StoredType.F8E8M0:
                target.Fill(E8M0.Encode(mean));
                break;
            case StoredType.F8E4M3:
                // Exponent fields 4 to 7: values of 0.125 to 1.875, never NaN.
                random.Fill(target);
                foreach (ref byte code in target) code = (byte)((code & 0x9F) + 0x20);
                break;
            case StoredType.BF16:
                for (int i = 0; i < target.Length; i += 2)
                    BinaryPrimitives.WriteUInt16LittleEndian(target[i..], BFloat16.Encode(mean + (spread * random.NextNormal())));
                break;
            case StoredType.F32:
                for (int i = 0; i < target.Length; i += 4)
                    BinaryPrimitives.WriteSingleLittleEndian(target[i..], mean + (spread * random.NextNormal()));
                break;
            default:
                for (int i = 0; i < target.Length; i += 8)
                    BinaryPrimitives.WriteInt64LittleEndian(target[i..], (long)(random.Next() % (ulong)limit));
                break;
        }
    }

    private static (float Mean, float Spread) Precise(string name, float fanIn, bool isNorm)
    {
        if (isNorm) return (1f, 0.15f);
        if (name == "embed.weight") return (0f, 1f);
        if (name == "head.weight") return (0f, 2.5f * fanIn);
        return name.EndsWith("wkv.weight", StringComparison.Ordinal) ? (0f, fanIn) : (0f, 1.5f * fanIn);
    }

    private static (float Mean, float Spread) Small(string name, float fanIn)
    {
        if (name.EndsWith("_fn", StringComparison.Ordinal)) return (0f, 1.5f * fanIn);
        if (name.EndsWith("_scale", StringComparison.Ordinal)) return (0.5f, 0.15f);
        if (name.EndsWith("_base", StringComparison.Ordinal)) return (-0.2f, 0.5f);
        if (name.EndsWith("attn_sink", StringComparison.Ordinal)) return (0.5f, 1f);

        // Training moves the router's bias until all experts are used alike. Random routers are nearly even already, and a lively bias would let a quarter of the experts do all the work.
        return name.EndsWith("gate.bias", StringComparison.Ordinal) ? (0f, 0.01f) : (0f, 0.5f);
    }

    private static float PowerOfTwo(double value) => (float)Math.Pow(2, Math.Round(Math.Log2(value)));
}
