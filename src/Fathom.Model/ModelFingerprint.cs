using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Fathom.Checkpoints;

namespace Fathom.Model;

/// <summary>
/// A digest that tells checkpoints and ways of running them apart: config, profile, cache format, whether the window stands alone, every tensor's name, type and shape, and the first bytes
/// of the tensors that are not routed experts. It does not read the whole file, so it is a guard against mix-ups and
/// not against forgery.
/// </summary>
internal static class ModelFingerprint
{
    private const int SampledBytes = 256;

    public static byte[] Compute(Checkpoint checkpoint, V4ModelOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{options.Profile} {options.WindowOnly} {options.CacheStorage}\n{checkpoint.Config.ToJson()}\n"));
        foreach (StoredTensor tensor in checkpoint.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Type} {string.Join(',', tensor.Shape)}\n"));

            // A page of each of 66,000 expert tensors would mean reading hundreds of megabytes.
            if (tensor.Name.Contains(".experts.", StringComparison.Ordinal)) continue;
            unsafe
            {
                hash.AppendData(MemoryMarshal.CreateReadOnlySpan(ref *tensor.Data, (int)Math.Min(SampledBytes, tensor.ByteLength)));
            }
        }

        return hash.GetHashAndReset();
    }
}
