namespace Fathom.Model;

/// <summary>Where activations are rounded. Sums are 32-bit floats in all profiles.</summary>
public enum NumericProfile
{
    /// <summary>No rounding of activations: 32-bit arithmetic over the stored weights.</summary>
    Plain,

    /// <summary>
    /// The roundings of DeepSeek's reference (architecture specification, section 9): inputs of FP8 and FP4 matrices to
    /// E4M3 in groups of 128 (<c>wo_a</c> excepted), the non-rotary part of keys to E4M3 in groups of 64, the
    /// indexer's queries and keys Hadamard-transformed and rounded to FP4 in groups of 32. Values between
    /// operations stay in 32 bits, where the reference keeps bfloat16.
    /// </summary>
    Official,

    /// <summary>
    /// Inputs of FP4, MXFP4, Q8_0, FP8 and K-quant matrices become 8-bit integers in groups of 32, which is finer than the official
    /// rounding and lets the products be integers too; FP8 weights become 16-bit integers. Everything else is <see cref="Plain"/>.
    /// The default. On processors without kernels for it (<see cref="Fathom.Compute.Cpu.CpuDevice.HasFastProducts"/>) it is <see cref="Plain"/>.
    /// </summary>
    Fast,
}
