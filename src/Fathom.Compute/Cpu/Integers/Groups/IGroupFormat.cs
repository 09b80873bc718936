using System.Runtime.Intrinsics;

namespace Fathom.Compute.Cpu.Integers.Groups;

/// <summary>How a weight format looks to the kernels that take a group of 32 columns of a row at a time.</summary>
internal unsafe interface IGroupFormat
{
    /// <summary>Bytes of a block of a row.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>Groups in a block.</summary>
    static abstract int Parts { get; }

    /// <summary>What <see cref="Load"/> adds to the integers.</summary>
    static virtual int Bias => 0;

    /// <summary>Whether <see cref="Load"/> gives signed bytes.</summary>
    static virtual bool IsSigned => false;

    /// <summary>Whether rows are multiplied in 16 bits, which <see cref="LoadWide"/> gives.</summary>
    static virtual bool IsWide => false;

    /// <summary>Whether a panel holds 16-bit numbers, which <see cref="LoadWide"/> gives.</summary>
    static virtual bool HasWidePanel => false;

    /// <summary>Whether weights have minima, which go with the sums of the inputs.</summary>
    static virtual bool HasMinima => false;

    /// <summary>The integers of a group plus <see cref="Bias"/>, in the order of the columns.</summary>
    static abstract Vector256<byte> Load(byte* block, int part);

    /// <summary>The integers of a group with the scales inside the group in them, as a panel holds them; those of columns 0 to 15 and of 16 to 31.</summary>
    static virtual (Vector256<short> First, Vector256<short> Last) LoadWide(byte* block, int part) => default;

    /// <summary>The integers of a group plus <see cref="Bias"/> with the scales inside the group in them, as a panel holds them.</summary>
    static abstract Vector256<byte> LoadForPanel(byte* block, int part);

    /// <summary>Puts the scales of eight rows side by side, at most <see cref="GroupRows.ScaleBytes"/> for a group.</summary>
    static abstract void Gather(WeightMatrix weight, int row, byte* scales);

    /// <summary>The exact sums of a group of eight rows, from those of its first and last sixteen columns.</summary>
    static virtual Vector256<int> Combine(Vector256<int> first, Vector256<int> last, byte* scales, int group) => first + last;

    /// <summary>What a group's sums are multiplied with, of eight rows.</summary>
    static abstract Vector256<float> Scale(byte* scales, int group);

    /// <summary>What the input sums of the first (0) or last (1) sixteen columns of a group are multiplied with, of eight rows.</summary>
    static virtual Vector256<float> Minimum(byte* scales, int group, int half) => default;
}
