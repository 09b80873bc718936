namespace Fathom.Checkpoints;

/// <summary>Number formats of safetensors files that V4 checkpoints use (checkpoint specification, section 1.2).</summary>
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
}

/// <summary>Names and sizes of the stored formats.</summary>
public static class StoredTypes
{
    private static readonly (StoredType Type, string Name, int Bits)[] Table =
    [
        (StoredType.F32, "F32", 32), (StoredType.F16, "F16", 16), (StoredType.BF16, "BF16", 16), (StoredType.F8E4M3, "F8_E4M3", 8),
        (StoredType.F8E8M0, "F8_E8M0", 8), (StoredType.I8, "I8", 8), (StoredType.U8, "U8", 8), (StoredType.F4, "F4", 4),
        (StoredType.I32, "I32", 32), (StoredType.I64, "I64", 64),
    ];

    /// <summary>The format's name in a safetensors header.</summary>
    public static string NameOf(StoredType type) => Array.Find(Table, row => row.Type == type).Name;

    /// <summary>Bits of one value.</summary>
    public static int BitsOf(StoredType type) => Array.Find(Table, row => row.Type == type).Bits;

    /// <summary>Finds a format by its name in a header.</summary>
    public static bool TryParse(string name, out StoredType type)
    {
        foreach ((StoredType candidate, string candidateName, _) in Table)
        {
            if (candidateName != name) continue;
            type = candidate;
            return true;
        }

        type = default;
        return false;
    }

    /// <summary>Bytes of a tensor, or −1 when the shape is negative, overflows or splits a byte.</summary>
    public static long BytesOf(StoredType type, IReadOnlyList<long> shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        UInt128 bits = (UInt128)BitsOf(type);
        foreach (long dimension in shape)
        {
            if (dimension < 0) return -1;
            bits *= (UInt128)dimension;
            if (bits > (UInt128)long.MaxValue) return -1;
        }

        return bits % 8 == 0 ? (long)(bits / 8) : -1;
    }
}
