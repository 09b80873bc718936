namespace Fathom.Compute.Memory;

/// <summary>How the rows of a cache are stored (architecture specification, section 10.1).</summary>
public enum RowFormat
{
    /// <summary>32-bit floats.</summary>
    F32,

    /// <summary>bfloat16.</summary>
    BF16,

    /// <summary>E4M3 with a UE8M0 scale for each 64, and a tail (the rotary part) in bfloat16; then the scales and one byte of padding.</summary>
    Fp8,

    /// <summary>E2M1 with a UE8M0 scale for each 32: index keys. The rows of a page lie side by side, four channels of every row after one another, as the scan wants them.</summary>
    Fp4,
}
