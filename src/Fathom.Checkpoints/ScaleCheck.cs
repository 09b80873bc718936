using System.Runtime.InteropServices;

namespace Fathom.Checkpoints;

/// <summary>Looks for block scales that would turn every product into NaN.</summary>
public static unsafe class ScaleCheck
{
    /// <summary>Checks all scales of a tensor.</summary>
    /// <param name="scale">UE8M0 bytes or binary32 numbers.</param>
    /// <exception cref="CheckpointException">A scale is NaN, infinite, negative or zero.</exception>
    public static void Verify(StoredTensor scale)
    {
        ArgumentNullException.ThrowIfNull(scale);
        const int pieceBytes = 1 << 30;
        for (long offset = 0; offset < scale.ByteLength; offset += pieceBytes)
            Verify(scale, new ReadOnlySpan<byte>(scale.Data + offset, (int)Math.Min(pieceBytes, scale.ByteLength - offset)), offset);
    }

    /// <summary>Checks the scales of a tensor that were read elsewhere.</summary>
    /// <param name="scale">Whose they are.</param>
    /// <param name="bytes">Its content, or a piece of it.</param>
    /// <param name="offset">Where in it the piece begins, in bytes.</param>
    /// <exception cref="CheckpointException">A scale is NaN, infinite, negative or zero.</exception>
    public static void Verify(StoredTensor scale, ReadOnlySpan<byte> bytes, long offset = 0)
    {
        ArgumentNullException.ThrowIfNull(scale);
        if (scale.Type != StoredType.F32)
        {
            int place = bytes.IndexOf((byte)255);
            if (place >= 0) throw new CheckpointException(scale.File, scale.Name, "scales from 2^-127 to 2^127", $"NaN (byte 255) at index {offset + place}");
            return;
        }

        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(bytes);
        for (int i = 0; i < values.Length; i++)
        {
            if (!(values[i] > 0f) || !float.IsFinite(values[i]))
                throw new CheckpointException(scale.File, scale.Name, "positive, finite scales", $"{values[i]} at index {(offset / sizeof(float)) + i}");
        }
    }
}
