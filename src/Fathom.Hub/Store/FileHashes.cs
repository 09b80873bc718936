using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Fathom.Hub.Store;

/// <summary>The two hashes by which a hub names content.</summary>
/// <param name="Sha256">SHA-256 of the bytes.</param>
/// <param name="GitSha1">SHA-1 of git's blob header and the bytes.</param>
internal readonly record struct FileHashes(string Sha256, string GitSha1)
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Reads a file once and takes both, or only SHA-256 where the other is not wanted.</summary>
    /// <param name="path">The file.</param>
    /// <param name="withGit">Whether git's hash is wanted.</param>
    /// <param name="read">Told how many bytes were read, piece by piece.</param>
    /// <param name="cancellation">Stops.</param>
    /// <param name="copy">Where the bytes go as well; null for nowhere.</param>
    public static async Task<FileHashes> OfAsync(string path, bool withGit, Action<long>? read, CancellationToken cancellation, Stream? copy = null)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan);
        await using (file.ConfigureAwait(false))
        {
            using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
#pragma warning disable CA5350 // Git's own name for content; it is what the hub announces for small files.
            using IncrementalHash? sha1 = withGit ? IncrementalHash.CreateHash(HashAlgorithmName.SHA1) : null;
#pragma warning restore CA5350
            sha1?.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Length}\0")));
            var buffer = new byte[BufferBytes];
            for (int count; (count = await file.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
            {
                sha256.AppendData(buffer, 0, count);
                sha1?.AppendData(buffer, 0, count);
                if (copy is not null) await copy.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
                read?.Invoke(count);
            }

            return new FileHashes(Convert.ToHexStringLower(sha256.GetHashAndReset()), sha1 is null ? string.Empty : Convert.ToHexStringLower(sha1.GetHashAndReset()));
        }
    }
}
