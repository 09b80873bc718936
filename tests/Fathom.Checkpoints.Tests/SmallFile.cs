using System.Buffers.Binary;
using System.Text;

namespace Fathom.Checkpoints.Tests;

/// <summary>Builds safetensors files by hand, sound or not.</summary>
internal static class SmallFile
{
    public const string SoundHeader = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"I8","shape":[2,2],"data_offsets":[32,36]},"d":{"dtype":"F8_E8M0","shape":[],"data_offsets":[36,37]}}""";

    public const int SoundDataBytes = 37;

    public static byte[] Build(string header, int dataBytes = SoundDataBytes, long? headerLength = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, headerLength ?? json.Length);
        json.CopyTo(file, 8);
        return file;
    }

    /// <summary>Opens the file and reads every byte that it offers.</summary>
    public static void ReadAll(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        long sum = 0;
        foreach (StoredTensor tensor in file.Tensors)
        {
            foreach (byte value in tensor.Bytes) sum += value;
        }

        Assert.True(sum >= 0);
    }
}
