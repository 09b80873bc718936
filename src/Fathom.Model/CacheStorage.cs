namespace Fathom.Model;

/// <summary>How a session stores its compressed entries, which are what grows with its length (architecture specification, section 10.1). Window rows are 32-bit floats in all.</summary>
/// <remarks>
/// Index keys are FP4, as in training; only <see cref="NumericProfile.Plain"/> keeps them in 32 bits, unless <see cref="Compact"/> is asked for.
/// </remarks>
public enum CacheStorage
{
    /// <summary>32-bit floats. The default.</summary>
    F32,

    /// <summary>bfloat16: half of the memory.</summary>
    BF16,

    /// <summary>The non-rotary part in E4M3 with a scale for each 64, the rotary part in bfloat16: less than a third of the memory.</summary>
    Compact,
}
