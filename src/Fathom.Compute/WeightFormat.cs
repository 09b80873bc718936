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

    /// <summary>GGUF Q8_0: 34 bytes for 32 columns, a binary16 scale and signed bytes.</summary>
    Q80,

    /// <summary>GGUF MXFP4: 17 bytes for 32 columns, a UE8M0 scale and FP4 values, low nibbles the first sixteen.</summary>
    Mxfp4,

    /// <summary>GGUF Q4_K: 144 bytes for 256 columns.</summary>
    Q4K,

    /// <summary>GGUF Q6_K: 210 bytes for 256 columns.</summary>
    Q6K,

    /// <summary>GGUF Q2_K: 84 bytes for 256 columns.</summary>
    Q2K,

    /// <summary>GGUF IQ2_XXS: 66 bytes for 256 columns.</summary>
    Iq2Xxs,
}
