using Fathom.Compute;

namespace Fathom.Checkpoints;

/// <summary>Number formats of the files that V4 checkpoints come in (checkpoint specification, sections 1.2 and 4.5).</summary>
public enum StoredType
{
    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>IEEE binary16.</summary>
    F16,

    /// <summary>bfloat16.</summary>
    BF16,

    /// <summary>FP8 E4M3.</summary>
    F8E4M3,

    /// <summary>UE8M0 powers of two: block scales.</summary>
    F8E8M0,

    /// <summary>Signed bytes: two packed FP4 values each.</summary>
    I8,

    /// <summary>Unsigned bytes: packed FP4 or UE8M0 scales in converted copies.</summary>
    U8,

    /// <summary>FP4 E2M1, two values a byte; shapes count values.</summary>
    F4,

    /// <summary>32-bit integers.</summary>
    I32,

    /// <summary>64-bit integers.</summary>
    I64,

    /// <summary>GGUF Q8_0: blocks of 32 signed bytes under a binary16 scale.</summary>
    Q80,

    /// <summary>GGUF MXFP4: blocks of 32 FP4 values under a UE8M0 scale.</summary>
    Mxfp4,

    /// <summary>GGUF Q4_K: blocks of 256 values of 4 bits in eight groups.</summary>
    Q4K,

    /// <summary>GGUF Q6_K: blocks of 256 values of 6 bits in sixteen groups.</summary>
    Q6K,

    /// <summary>GGUF Q2_K: blocks of 256 values of 2 bits in sixteen groups.</summary>
    Q2K,

    /// <summary>GGUF IQ2_XXS: blocks of 256 values, eight to a grid index.</summary>
    Iq2Xxs,
}

/// <summary>Names and sizes of the stored formats.</summary>
public static class StoredTypes
{
    private const int Never = -1;

    // Values and bytes of a block; the id of a ggml type.
    private static readonly (StoredType Type, string Name, int Values, int Bytes, int Ggml)[] Table =
    [
        (StoredType.F32, "F32", 1, 4, 0), (StoredType.F16, "F16", 1, 2, 1), (StoredType.BF16, "BF16", 1, 2, 30), (StoredType.F8E4M3, "F8_E4M3", 1, 1, Never),
        (StoredType.F8E8M0, "F8_E8M0", 1, 1, Never), (StoredType.I8, "I8", 1, 1, Never), (StoredType.U8, "U8", 1, 1, Never), (StoredType.F4, "F4", 2, 1, Never),
        (StoredType.I32, "I32", 1, 4, 26), (StoredType.I64, "I64", 1, 8, 27),
        (StoredType.Q80, "Q8_0", 32, 34, 8), (StoredType.Mxfp4, "MXFP4", 32, 17, 39), (StoredType.Q4K, "Q4_K", 256, 144, 12), (StoredType.Q6K, "Q6_K", 256, 210, 14),
        (StoredType.Q2K, "Q2_K", 256, 84, 10), (StoredType.Iq2Xxs, "IQ2_XXS", 256, 66, 16),
    ];

    /// <summary>The formats that GGUF files may hold, by name.</summary>
    public static IEnumerable<string> GgufNames => Table.Where(row => row.Ggml != Never).Select(row => row.Name);

    /// <summary>The format's name in a file.</summary>
    public static string NameOf(StoredType type) => Row(type).Name;

    /// <summary>Whether it is one of GGUF's block formats.</summary>
    public static bool IsGgufBlock(StoredType type) => type >= StoredType.Q80;

    /// <summary>Finds a format by its name in a safetensors header.</summary>
    public static bool TryParse(string name, out StoredType type)
    {
        foreach ((StoredType candidate, string candidateName, _, _, _) in Table)
        {
            if (candidateName != name || IsGgufBlock(candidate)) continue;
            type = candidate;
            return true;
        }

        type = default;
        return false;
    }

    /// <summary>Finds a format by its id in a GGUF file.</summary>
    public static bool TryFromGgml(uint id, out StoredType type)
    {
        foreach ((StoredType candidate, _, _, _, int ggml) in Table)
        {
            if (ggml == Never || (uint)ggml != id) continue;
            type = candidate;
            return true;
        }

        type = default;
        return false;
    }

    /// <summary>The format's id in a GGUF file.</summary>
    /// <exception cref="ArgumentException">GGUF files have no such format.</exception>
    public static uint GgmlOf(StoredType type) => Row(type).Ggml is var id and not Never ? (uint)id : throw new ArgumentException($"GGUF files have no {NameOf(type)}.", nameof(type));

    /// <summary>The weight format of a type whose scales, if any, are among the weights; null for others.</summary>
    internal static WeightFormat? FormatOf(StoredType type) => type switch
    {
        StoredType.F32 => WeightFormat.F32,
        StoredType.F16 => WeightFormat.F16,
        StoredType.BF16 => WeightFormat.BF16,
        StoredType.Q80 => WeightFormat.Q80,
        StoredType.Mxfp4 => WeightFormat.Mxfp4,
        StoredType.Q4K => WeightFormat.Q4K,
        StoredType.Q6K => WeightFormat.Q6K,
        StoredType.Q2K => WeightFormat.Q2K,
        StoredType.Iq2Xxs => WeightFormat.Iq2Xxs,
        _ => null,
    };

    /// <summary>Bytes of a tensor, or −1 when the shape is negative, overflows or splits a block.</summary>
    public static long BytesOf(StoredType type, IReadOnlyList<long> shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        (_, _, int values, int bytes, _) = Row(type);
        UInt128 count = 1;
        foreach (long dimension in shape)
        {
            if (dimension < 0) return -1;
            count *= (UInt128)dimension;
            if (count > (UInt128)long.MaxValue) return -1;
        }

        // Blocks of GGUF lie inside a row; two FP4 values may be anywhere.
        if (IsGgufBlock(type) && (shape.Count == 0 || shape[^1] % values != 0)) return -1;
        UInt128 total = count / (UInt128)values * (UInt128)bytes;
        return count % (UInt128)values == 0 && total <= (UInt128)long.MaxValue ? (long)total : -1;
    }

    private static (StoredType Type, string Name, int Values, int Bytes, int Ggml) Row(StoredType type) => Array.Find(Table, row => row.Type == type);
}
