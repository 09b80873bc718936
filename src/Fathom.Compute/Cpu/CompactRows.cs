using System.Runtime.Intrinsics;
using Fathom.Compute.Memory;

namespace Fathom.Compute.Cpu;

/// <summary>Reads compact rows sixteen values at a time, with the bits of <see cref="RowLayout.Decode"/>.</summary>
internal static unsafe class CompactRows
{
    /// <summary>One row of <see cref="RowFormat.BF16"/> or <see cref="RowFormat.Fp8"/> as floats.</summary>
    /// <param name="row">Its bytes.</param>
    /// <param name="layout">How they are stored.</param>
    /// <param name="target">Receives the values.</param>
    public static void Decode(byte* row, RowLayout layout, float* target)
    {
        int rounded = layout.Format == RowFormat.Fp8 ? layout.Width - layout.Tail : 0;
        if (rounded % Lanes.Count != 0 || layout.Width % Lanes.Count != 0)
        {
            layout.Decode(row, 0, new Span<float>(target, layout.Width));
            return;
        }

        byte* scales = row + rounded + (2 * layout.Tail);
        Vector512<float> unit = Vector512.Create(BitConverter.Int32BitsToSingle((127 + 120) << 23));
        for (int i = 0; i < rounded; i += Lanes.Count)
        {
            // The seven low bits as the upper ones of a float are the value times 2^-120, subnormals included.
            Vector512<int> codes = Lanes.Widen(Vector128.Load(row + i));
            Vector512<int> bits = ((codes & Vector512.Create(0x80)) << 24) | ((codes & Vector512.Create(0x7F)) << 20);
            Vector512<float> values = bits.AsSingle() * unit;
            (values * Vector512.Create(Numbers.E8M0.Decode(scales[i / RowLayout.Fp8Group]))).Store(target + i);
        }

        var tail = (ushort*)(row + rounded);
        for (int i = 0; i < layout.Width - rounded; i += Lanes.Count)
            (Lanes.Widen(Vector256.Load(tail + i)) << 16).AsSingle().Store(target + rounded + i);
    }
}
