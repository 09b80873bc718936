using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Dots;

/// <summary>
/// The one thing that processors differ in: multiplying small integers and adding neighbours up. A lane of 32 bits gets the
/// products of the four bytes, or the two 16-bit numbers, that lie in its place. A new instruction is one more such struct.
/// </summary>
internal interface IByteDot
{
    /// <summary>What signed bytes get added before <see cref="AddSigned"/> takes them: 128, where the instruction wants unsigned ones, or 0.</summary>
    static abstract int SignedBias { get; }

    /// <summary>sums + weights · inputs, for weights of at most 127.</summary>
    static abstract Vector256<int> Add(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs);

    /// <summary>sums + weights · inputs, for signed bytes plus <see cref="SignedBias"/>, which stays in the sums; inputs are at least −127.</summary>
    static abstract Vector256<int> AddSigned(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs);

    /// <summary>sums + weights · inputs in pairs.</summary>
    static abstract Vector256<int> Add(Vector256<int> sums, Vector256<short> weights, Vector256<short> inputs);
}
