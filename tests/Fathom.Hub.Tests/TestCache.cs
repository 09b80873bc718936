using System.Security.Cryptography;
using System.Text;

namespace Fathom.Hub.Tests;

/// <summary>A cache as the hub's own tools lay it out: blobs by hash, snapshots of links to them, and refs.</summary>
internal static class TestCache
{
    public static readonly string Commit = new('a', 40);

    /// <summary>Makes one with a small and a large file, and returns its folder, the large file's blob and content.</summary>
    public static (string Cache, string Blob, byte[] Content) Make(TestStore test, string repositoryName = TestHub.Repository)
    {
        string cache = Path.Combine(test.Folder, "hub-home", "hub"), repository = Path.Combine(cache, "models--" + repositoryName.Replace("/", "--", StringComparison.Ordinal));
        byte[] content = TestHub.Random(repositoryName.Length, 50_000), small = "{}"u8.ToArray();
#pragma warning disable CA5350 // Git's name for content.
        string sha1 = Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {small.Length}\0"), .. small]));
#pragma warning restore CA5350
        string blobs = Directory.CreateDirectory(Path.Combine(repository, "blobs")).FullName, snapshot = Path.Combine(repository, "snapshots", Commit);
        Directory.CreateDirectory(Path.Combine(snapshot, "sub"));
        foreach (string revision in (string[])["main", "v1.0", "refs/pr/1", "not a revision"])
        {
            string reference = Path.Combine(repository, "refs", revision);
            Directory.CreateDirectory(Path.GetDirectoryName(reference)!);
            File.WriteAllText(reference, Commit);
        }

        string blob = Path.Combine(blobs, TestHub.Sha256(content));
        File.WriteAllBytes(blob, content);
        File.WriteAllBytes(Path.Combine(blobs, sha1), small);
        File.CreateSymbolicLink(Path.Combine(snapshot, "config.json"), Path.Combine("..", "..", "blobs", sha1));
        File.CreateSymbolicLink(Path.Combine(snapshot, "sub", "model.safetensors"), Path.Combine("..", "..", "..", "blobs", Path.GetFileName(blob)));
        return (cache, blob, content);
    }
}
