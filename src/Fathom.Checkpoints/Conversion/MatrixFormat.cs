namespace Fathom.Checkpoints.Conversion;

/// <summary>What becomes of FP8 matrices in a GGUF file, which has no FP8.</summary>
public enum MatrixFormat
{
    /// <summary>bfloat16: exact, because FP8 values under powers of two have four significant bits; twice the size.</summary>
    BF16,

    /// <summary>Q8_0, as most published files have it: rounded, and half as large as BF16.</summary>
    Q80,
}
