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

    /// <summary>Computes it.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="options">How it is run.</param>
    /// <param name="files">Reads the samples by calls; null takes them from mapped memory.</param>
    public static byte[] Compute(Checkpoint checkpoint, V4ModelOptions options, WeightFiles? files = null)
    {
        Span<byte> sample = stackalloc byte[SampledBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{options.Profile} {options.WindowOnly} {options.CacheStorage}\n{checkpoint.Config.ToJson()}\n"));
        foreach (StoredTensor tensor in checkpoint.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Type} {string.Join(',', tensor.Shape)}\n"));

            // A page of each of 66,000 expert tensors would mean reading hundreds of megabytes.
            if (tensor.Name.Contains(".experts.", StringComparison.Ordinal)) continue;
            Span<byte> bytes = sample[..(int)Math.Min(SampledBytes, tensor.ByteLength)];
            if (files is null) CopyMapped(tensor, bytes);
            else files.Read(tensor, 0, bytes);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }

    private static unsafe void CopyMapped(StoredTensor tensor, Span<byte> target) => new ReadOnlySpan<byte>(tensor.Data, target.Length).CopyTo(target);
}
