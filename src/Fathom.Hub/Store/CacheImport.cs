using System.Globalization;

namespace Fathom.Hub.Store;

/// <summary>Takes models over from the cache of the hub's own tools: by hard links where the disk allows them, else by copies.</summary>
public sealed class CacheImport(ModelStore store)
{
    private const string FolderPrefix = "models--";

    /// <summary>The cache's usual folder: HF_HUB_CACHE, or <c>hub</c> in HF_HOME.</summary>
    public static string DefaultCache => HubToken.Cache;

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
                if (!HubListingReader.IsHex(commit, 40) || !ModelName.TryParse($"{parts[0]}/{parts[1]}@{commit}", out ModelName? name)) continue;
                string[] revisions = RevisionsOf(repository, name);
                found.Add(new CachedModel(name with { Revision = revisions.Contains(ModelName.DefaultRevision) ? ModelName.DefaultRevision : revisions.FirstOrDefault() ?? commit }, commit, folder, revisions));
            }
        }

        return found;
    }

    /// <summary>Takes one model over. Every file is read and compared with the hash that the cache names it by.</summary>
    /// <param name="cached">The model.</param>
    /// <param name="progress">Told the bytes that were read.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="HubException">A file of the cache is damaged, or the disk has no room for copies.</exception>
    public async Task<StoredModel> RunAsync(CachedModel cached, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(cached);
        string[] paths = Directory.GetFiles(cached.Folder, "*", SearchOption.AllDirectories), contents = [.. paths.Select(path => ContentOf(path, cached))];
        if (paths.Length == 0) throw new HubException(HubProblem.Store, $"{cached.Folder} has no files.");
        string key = $"import-{Guid.NewGuid():N}", temporary = Path.Combine(store.PartialFolder, key + ".copy");
        using StoreClaim claim = await StoreClaim.TakeAsync(store, [], cancellation).ConfigureAwait(false);
        using StoreLock held = await StoreLock.TakeAsync(store.LockPath(key), null, cancellation).ConfigureAwait(false);
        Directory.CreateDirectory(store.PartialFolder);
        var files = new List<StoredFile>();
        long done = 0;
        try
        {
            for (int i = 0; i < paths.Length; i++)
            {
                string inside = Path.GetRelativePath(cached.Folder, paths[i]).Replace(Path.DirectorySeparatorChar, '/'), name = Path.GetFileName(contents[i]);
                if (!RepositoryPath.IsInside(inside)) throw new HubException(HubProblem.Store, $"{cached.Folder} has a file with a name that no model may have; pull {cached.Name} instead.");
                FileHashes hashes = await TakeAsync(contents, i, temporary, count => progress?.Report(done += count), cancellation).ConfigureAwait(false);
                bool isLarge = HubListingReader.IsHex(name, 64), isSmall = HubListingReader.IsHex(name, 40);
                if ((isLarge && name != hashes.Sha256) || (isSmall && name != hashes.GitSha1)) throw new HubException(HubProblem.WrongBytes, $"{paths[i]} of the cache is damaged: its hash is not {name}; pull {cached.Name} instead.");
                await claim.AddAsync(hashes.Sha256, cancellation).ConfigureAwait(false);
                files.Add(new StoredFile(inside, new FileInfo(temporary).Length, hashes.Sha256, isSmall ? name : null));
                Keep(temporary, hashes.Sha256, isSmall ? name : null);
            }
        }
        finally
        {
            File.Delete(temporary);
            held.Forget();
        }

        var model = new StoredModel(cached.Name.Owner, cached.Name.Name, cached.Commit, cached.Folder, IsWhole: false, files);
        return await new StoreWriter(store).PublishAsync(model, cached.Revisions, cancellation).ConfigureAwait(false)
            ? model
            : throw new HubException(HubProblem.Store, $"Files of {cached.Name} disappeared from {store.Root}; import again.");
    }

    private static string ContentOf(string path, CachedModel cached)
    {
        string content = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        return File.Exists(content) ? content : throw new HubException(HubProblem.Store, $"{path} leads nowhere; repair the cache or pull {cached.Name}.");
    }

    // A second name or a copy, and the hashes of exactly the bytes that it has.
    private async Task<FileHashes> TakeAsync(string[] contents, int index, string temporary, Action<long> read, CancellationToken cancellation)
    {
        string content = contents[index];
        if (store.TryHardLink(content, temporary)) return await FileHashes.OfAsync(temporary, withGit: true, read, cancellation).ConfigureAwait(false);
        long needed = contents[index..].Distinct().Sum(path => new FileInfo(path).Length);
        if (StoreDisk.FreeBytes(store) < needed + StoreDisk.SpareBytes)
            throw new HubException(HubProblem.NoSpace, string.Create(CultureInfo.InvariantCulture, $"{content} is on another disk, and that of {store.Root} has no {needed / 1e9:0.00} GB for copies; make room, or name a place on the cache's disk with --store."));
        var copy = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        await using (copy.ConfigureAwait(false)) return await FileHashes.OfAsync(content, withGit: true, read, cancellation, copy).ConfigureAwait(false);
    }

    private void Keep(string temporary, string sha256, string? gitSha1)
    {
        if (gitSha1 is not null) StoreWriter.Write(store.GitNamePath(gitSha1), sha256);
        Directory.CreateDirectory(store.BlobFolder);
        if (!File.Exists(store.BlobPath(sha256))) File.Move(temporary, store.BlobPath(sha256), overwrite: true);

        // A blob that is there already, and what renaming leaves of two names of one file.
        File.Delete(temporary);
    }

    private static string[] RevisionsOf(string repository, ModelName name)
    {
        string folder = Path.Combine(repository, "refs");
        if (!Directory.Exists(folder)) return [];
        return
        [
            .. from path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
               where File.ReadAllText(path).Trim() == name.Revision
               let revision = Path.GetRelativePath(folder, path).Replace('\\', '/')
               where ModelName.TryParse($"{name.Repository}@{revision}", out _)
               select revision,
        ];
    }
}
