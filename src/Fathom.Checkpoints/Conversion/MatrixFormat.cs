namespace Fathom.Checkpoints.Conversion;

/// <summary>What becomes of matrices outside the experts in a GGUF file, which has no FP8.</summary>
public enum MatrixFormat
{
    /// <summary>FP8 as bfloat16: exact, because FP8 values under powers of two have four significant bits; twice the size. Others as they are.</summary>
    BF16,

    /// <summary>Q8_0, as most published files have it, from whatever wider format: rounded, and half as large as BF16. Block formats stay as they are.</summary>
    Q80,

    /// <summary>All weights as 32-bit numbers, the experts too: exact and very large, for comparisons with engines that round inputs to the weights' format.</summary>
    F32,
}
