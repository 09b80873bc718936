namespace Fathom.Checkpoints.Tests;

/// <summary>Damages files, and says what may happen then.</summary>
internal static class Mutations
{
    public const long MostBytesAllocated = 64 << 20;

    /// <summary>Loads, or is refused in one sentence; never anything else, and never by taking much memory.</summary>
    public static void ClearlyOrWell(Action load, long mostBytesAllocated = MostBytesAllocated)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            load();
        }
        catch (CheckpointException error)
        {
            Assert.DoesNotContain('\n', error.Message);
            Assert.InRange(error.Message.Length, 20, 1_200);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, mostBytesAllocated);
    }

    /// <summary>Other bytes at some places, a cut, or a stretch twice.</summary>
    public static byte[] Damage(byte[] bytes, int[] places, byte[] values, int kind)
    {
        for (int i = 0; i < places.Length; i++)
        {
            int place = places[i] % bytes.Length;
            switch (kind)
            {
                case 0: bytes[place] = values[i]; break;
                case 1: bytes[place] ^= (byte)(1 << (values[i] % 8)); break;
                case 2: bytes[place] = (byte)('0' + (values[i] % 10)); break;
                case 3: bytes = bytes[..Math.Max(1, place)]; break;
                default: bytes = [.. bytes[..place], .. bytes.AsSpan(place, Math.Min(values[i], bytes.Length - place)), .. bytes[place..]]; break;
            }
        }

        return bytes;
    }

    /// <summary>Puts a byte into a file and returns the one before.</summary>
    public static byte Exchange(string path, long place, byte value)
    {
        using FileStream stream = File.Open(path, FileMode.Open);
        stream.Position = place;
        var before = (byte)stream.ReadByte();
        stream.Position = place;
        stream.WriteByte(value);
        return before;
    }

    /// <summary>Leaves a quarter of a file, whether or not it is mapped: a touch of the rest would end the process.</summary>
    public static void CutOff(string path)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Mapped files cannot be cut off there.");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.SetLength(stream.Length / 4);
    }
}
