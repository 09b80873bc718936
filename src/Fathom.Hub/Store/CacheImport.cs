namespace Fathom.Hub.Store;

/// <summary>Takes models over from the cache of the hub's own tools: by hard links where the disk allows them, else by copies.</summary>
public sealed class CacheImport(ModelStore store)
{
    private const string FolderPrefix = "models--";

    /// <summary>The cache's usual folder: HF_HUB_CACHE, or <c>hub</c> in HF_HOME.</summary>
    public static string DefaultCache => Environment.GetEnvironmentVariable("HF_HUB_CACHE") is { Length: > 0 } cache ? cache : Path.Combine(HubToken.Home, "hub");

    /// <summary>The models of a cache.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static IReadOnlyList<CachedModel> Find(string cache)
    {
        if (!Directory.Exists(cache)) throw new DirectoryNotFoundException($"There is no cache {cache}; name the folder that has models--owner--name folders with --from.");
        var found = new List<CachedModel>();
        foreach (string repository in Directory.EnumerateDirectories(cache, FolderPrefix + "*").Order(StringComparer.Ordinal))
        {
            string[] parts = Path.GetFileName(repository)[FolderPrefix.Length..].Split("--");
            string snapshots = Path.Combine(repository, "snapshots");
            if (parts.Length != 2 || !Directory.Exists(snapshots)) continue;
            foreach (string folder in Directory.EnumerateDirectories(snapshots).Order(StringComparer.Ordinal))
            {
                string commit = Path.GetFileName(folder);
                if (HubListingReader.IsHex(commit, 40) && ModelName.TryParse($"{parts[0]}/{parts[1]}@{RevisionOf(repository, commit) ?? commit}", out ModelName? name))
                    found.Add(new CachedModel(name, commit, folder));
            }
        }

        return found;
    }

    /// <summary>Takes one model over. Every file is read and compared with the hash that the cache names it by.</summary>
    /// <param name="cached">The model.</param>
    /// <param name="progress">Told the bytes that were read.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="HubException">A file of the cache is damaged.</exception>
    public async Task<StoredModel> RunAsync(CachedModel cached, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cached);
        var files = new List<StoredFile>();
        long done = 0;
        foreach (string path in Directory.EnumerateFiles(cached.Folder, "*", SearchOption.AllDirectories))
        {
            string inside = Path.GetRelativePath(cached.Folder, path).Replace(Path.DirectorySeparatorChar, '/');
            string content = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            if (!HubListingReader.IsSafe(inside) || !File.Exists(content)) throw new HubException(HubProblem.Store, $"{path} leads nowhere; repair the cache or pull {cached.Name}.");
            FileHashes hashes = await FileHashes.OfAsync(content, withGit: true, count => progress?.Report(done += count), cancellation).ConfigureAwait(false);
            string name = Path.GetFileName(content);
            bool isLarge = HubListingReader.IsHex(name, 64), isSmall = HubListingReader.IsHex(name, 40);
            if ((isLarge && name != hashes.Sha256) || (isSmall && name != hashes.GitSha1)) throw new HubException(HubProblem.WrongBytes, $"{path} of the cache is damaged: its hash is not {name}; pull {cached.Name} instead.");
            Keep(content, hashes.Sha256);
            if (isSmall) StoreWriter.Write(store.GitNamePath(name), hashes.Sha256);
            files.Add(new StoredFile(inside, new FileInfo(content).Length, hashes.Sha256, isSmall ? name : null));
        }

        if (files.Count == 0) throw new HubException(HubProblem.Store, $"{cached.Folder} has no files.");
        var model = new StoredModel(cached.Name.Owner, cached.Name.Name, cached.Commit, cached.Folder, IsWhole: false, files);
        string? revision = cached.Name.Revision == cached.Commit ? null : cached.Name.Revision;
        return await new StoreWriter(store).PublishAsync(model, revision, cancellation).ConfigureAwait(false)
            ? model
            : throw new HubException(HubProblem.Store, $"Files of {cached.Name} disappeared from {store.Root}; import again.");
    }

    private void Keep(string content, string sha256)
    {
        string blob = store.BlobPath(sha256);
        Directory.CreateDirectory(store.BlobFolder);
        if (File.Exists(blob) || FileLinks.TryHardLink(content, blob) || File.Exists(blob)) return;
        Directory.CreateDirectory(store.PartialFolder);
        string copy = Path.Combine(store.PartialFolder, $"import-{Guid.NewGuid():N}.copy");
        File.Copy(content, copy);
        File.Move(copy, blob, overwrite: true);
    }

    private static string? RevisionOf(string repository, string commit)
    {
        string folder = Path.Combine(repository, "refs");
        if (!Directory.Exists(folder)) return null;
        string[] found = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(path => File.ReadAllText(path).Trim() == commit).Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))];
        return found.Contains(ModelName.DefaultRevision) ? ModelName.DefaultRevision : found.FirstOrDefault();
    }
}
