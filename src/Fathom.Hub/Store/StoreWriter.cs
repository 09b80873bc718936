using System.Text.Json;
using Fathom.Hub.Downloads;

namespace Fathom.Hub.Store;

/// <summary>Changes a store. Every change holds the store's lock, for moments only; what a reader sees is always whole.</summary>
public sealed class StoreWriter(ModelStore store)
{
    private const string TemporaryExtension = ".tmp";

    // Nobody takes longer from writing some bytes to renaming the file.
    private static readonly TimeSpan LongestWrite = TimeSpan.FromHours(1);

    /// <summary>Makes a model's folder from blobs, and its manifest last; adds to what is there of the same commit.</summary>
    /// <param name="model">The model; its files' blobs should be in the store.</param>
    /// <param name="revisions">The revisions that shall stand for this commit.</param>
    /// <param name="cancellation">Stops waiting for the store's lock.</param>
    /// <returns>False when a blob is missing because somebody removed it meanwhile; nothing is changed then.</returns>
    public async Task<bool> PublishAsync(StoredModel model, IReadOnlyCollection<string> revisions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);
        if (!model.Files.All(file => File.Exists(store.BlobPath(file.Sha256)))) return false;
        foreach (StoredFile file in model.Files) await LinkAsync(store.BlobPath(file.Sha256), store.PathOf(model, file), file.Bytes, cancellation).ConfigureAwait(false);

        StoredModel? earlier = store.CommitsOf(model.Owner, model.Name).FirstOrDefault(other => other.Commit == model.Commit);
        var now = model.Files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        IEnumerable<StoredFile> kept = earlier?.Files.Where(file => !now.Contains(file.Path)) ?? [];
        StoredModel whole = model with { IsWhole = model.IsWhole || earlier?.IsWhole == true, Files = [.. kept.Concat(model.Files).OrderBy(file => file.Path, StringComparer.Ordinal)] };
        Write(store.ManifestPath(model.Owner, model.Name, model.Commit), JsonSerializer.Serialize(whole, StoreJson.Default.StoredModel));
        if (revisions.Count > 0)
        {
            var all = new Dictionary<string, string>(store.RevisionsOf(model.Owner, model.Name));
            foreach (string revision in revisions) all[revision] = model.Commit;
            Write(store.RevisionsPath(model.Owner, model.Name), JsonSerializer.Serialize(all, StoreJson.Default.DictionaryStringString));
        }

        return true;
    }

    /// <summary>Removes a model; content that another one shares stays.</summary>
    /// <returns>The bytes that became free.</returns>
    public async Task<long> RemoveAsync(StoredModel model, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);

        // The manifest goes first: what is left after a crash belongs to no model, and prune removes it.
        File.Delete(store.ManifestPath(model.Owner, model.Name, model.Commit));
        return Tidy(model.Owner, model.Name) + DeleteUnnamed(model.Files.Select(file => file.Sha256), StoreClaim.KeysOf(store));
    }

    /// <summary>Removes folders and content that belong to no model, and unfinished downloads; what a running pull or import needs stays.</summary>
    /// <returns>The bytes that became free.</returns>
    public async Task<long> PruneAsync(CancellationToken cancellation = default)
    {
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);
        HashSet<string> claimed = StoreClaim.KeysOf(store);
        long freed = store.Repositories().ToArray().Sum(repository => Tidy(repository.Owner, repository.Name));
        freed += DeleteUnnamed(FilesIn(store.BlobFolder).Select(path => Path.GetFileName(path)), claimed);
        foreach (string path in FilesIn(store.GitFolder))
        {
            string key = HubFile.GitPrefix + Path.GetFileName(path);
            bool isNeeded = path.EndsWith(TemporaryExtension, StringComparison.Ordinal) ? DateTime.UtcNow - File.GetLastWriteTimeUtc(path) < LongestWrite : claimed.Contains(key) || File.Exists(store.BlobPath(store.Sha256Of(key) ?? "none"));
            if (!isNeeded) File.Delete(path);
        }

        // A file comes before its journal, which says how much of it is there.
        foreach (string path in FilesIn(store.PartialFolder).Order(StringComparer.Ordinal))
        {
            string key = Path.GetFileName(path).Split('.')[0];
            using StoreLock? held = claimed.Contains(key) ? null : StoreLock.TryTake(store.LockPath(key));
            if (held is null) continue;
            freed += path.EndsWith(".part", StringComparison.Ordinal) ? PartialFile.BytesIn(path) : 0;
            File.Delete(path);
        }

        return freed;
    }

    /// <summary>Takes damaged content out of the store, so that the next pull fetches it again.</summary>
    internal async Task DropAsync(StoredModel model, StoredFile file, CancellationToken cancellation)
    {
        using StoreLock taken = await StoreLock.TakeAsync(store.StoreLockPath, null, cancellation).ConfigureAwait(false);
        Delete(store.PathOf(model, file));

        // The blob may be sound: a pull of another model may have fetched it again.
        string blob = store.BlobPath(file.Sha256);
        if (!File.Exists(blob) || (await FileHashes.OfAsync(blob, withGit: false, null, cancellation).ConfigureAwait(false)).Sha256 == file.Sha256) return;
        Delete(blob);

        // Names of other models lead to the same damaged bytes, and their length would pass for sound.
        foreach (StoredModel other in store.List())
        {
            foreach (StoredFile same in other.Files.Where(same => same.Sha256 == file.Sha256)) Delete(store.PathOf(other, same));
        }
    }

    /// <summary>Writes a file under another name and renames it: it is whole or not there.</summary>
    internal static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Guid.NewGuid():N}{TemporaryExtension}";
        File.WriteAllText(temporary, text);
        File.Move(temporary, path, overwrite: true);
    }

    private async Task LinkAsync(string blob, string path, long bytes, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var there = new FileInfo(path);
        if (there.Exists && there.LinkTarget is null && there.Length == bytes) return;
        Delete(path);
        if (store.TryLink(blob, path)) return;

        // Prune waits for the store's lock, and so never meets this file.
        Directory.CreateDirectory(store.PartialFolder);
        string temporary = Path.Combine(store.PartialFolder, $"publish-{Guid.NewGuid():N}.copy");
        try
        {
            await StoreDisk.CopyAsync(blob, temporary, cancellation).ConfigureAwait(false);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    // Removes what a crash may have left of a repository: folders without a manifest, revisions of commits that are gone, half-written files.
    private long Tidy(string owner, string name)
    {
        string folder = store.RepositoryFolder(owner, name), revisionsPath = store.RevisionsPath(owner, name);
        long freed = Directory.GetDirectories(folder).Where(commit => HubListingReader.IsHex(Path.GetFileName(commit), 40) && !File.Exists(store.ManifestPath(owner, name, Path.GetFileName(commit)))).Sum(DeleteFolder);
        foreach (string path in Directory.GetFiles(folder, "*" + TemporaryExtension)) File.Delete(path);
        IReadOnlyDictionary<string, string> revisions = store.RevisionsOf(owner, name);
        Dictionary<string, string> here = revisions.Where(pair => File.Exists(store.ManifestPath(owner, name, pair.Value))).ToDictionary(StringComparer.Ordinal);
        if (here.Count == 0) File.Delete(revisionsPath);
        else if (here.Count < revisions.Count) Write(revisionsPath, JsonSerializer.Serialize(here, StoreJson.Default.DictionaryStringString));
        DeleteIfEmpty(folder);
        DeleteIfEmpty(Path.GetDirectoryName(folder)!);
        return freed;
    }

    private long DeleteUnnamed(IEnumerable<string> sha256s, HashSet<string> claimed)
    {
        HashSet<string> named = store.List().SelectMany(model => model.Files).Select(file => file.Sha256).ToHashSet(StringComparer.Ordinal);
        long freed = 0;
        foreach (string sha256 in sha256s.Distinct(StringComparer.Ordinal).Where(sha256 => !named.Contains(sha256) && !claimed.Contains(sha256)))
        {
            var blob = new FileInfo(store.BlobPath(sha256));
            if (!blob.Exists) continue;
            freed += blob.Length;
            Delete(blob.FullName);
        }

        return freed;
    }

    private static string[] FilesIn(string folder) => Directory.Exists(folder) ? Directory.GetFiles(folder) : [];

    // Returns the bytes that became free: not those of a blob's second name, which no system tells simply, but whose length a blob has.
    private long DeleteFolder(string folder)
    {
        HashSet<long> lengths = [.. FilesIn(store.BlobFolder).Select(path => new FileInfo(path).Length)];
        long freed = 0;
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            if (!lengths.Contains(file.Length)) freed += file.Length;
            Delete(file.FullName);
        }

        Directory.Delete(folder, recursive: true);
        return freed;
    }

    private static void DeleteIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
    }

    private static void Delete(string path)
    {
        if (OperatingSystem.IsWindows() && File.Exists(path)) File.SetAttributes(path, FileAttributes.Normal);
        if (Directory.Exists(Path.GetDirectoryName(path))) File.Delete(path);
    }
}
