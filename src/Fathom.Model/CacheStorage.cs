namespace Fathom.Model;

/// <summary>How a session stores its compressed entries, which are what grows with its length (architecture specification, section 10.1). Window rows are 32-bit floats in all.</summary>
/// <remarks>
/// Index keys are FP4 whenever they are rounded to it: in the profile <see cref="NumericProfile.Official"/>, and with <see cref="Compact"/>.
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
