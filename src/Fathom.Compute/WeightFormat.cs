namespace Fathom.Compute;

/// <summary>How the numbers of a weight matrix are stored.</summary>
public enum WeightFormat
{
    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>IEEE binary16.</summary>
    F16,

    /// <summary>bfloat16.</summary>
    BF16,

    /// <summary>FP8 E4M3 with one scale for each 128×128 block.</summary>
    Fp8,

    /// <summary>FP4 E2M1, two values a byte (low nibble = even column), with one UE8M0 scale for each 32 columns of a row.</summary>
    Fp4,
}
