using System.Globalization;
using Fathom.Hub.Store;

namespace Fathom.Hub.Downloads;

/// <summary>Fetches models from a hub into a store. What an interrupted pull brought is used by the next one.</summary>
public sealed class Pull(HubClient client, ModelStore store)
{
    private const int MostListings = 3;

    // What file systems and other programs should still have.
    private const long SpareBytes = 64 << 20;

    /// <summary>Asks the hub for the files and looks at what is here; fetches none.</summary>
    /// <param name="name">The repository and revision.</param>
    /// <param name="selection">Which files are wanted.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="HubException">The hub refuses, or no file is wanted.</exception>
    public async Task<PullPlan> PlanAsync(ModelName name, PullSelection selection, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(selection);
        HubListing listing = await client.ListAsync(name, cancellation).ConfigureAwait(false);
        HubFile[] files = [.. listing.Files.Where(file => selection.Wants(file.Path))];
        if (files.Length == 0)
            throw new HubException(HubProblem.NotFound, listing.Files.Count == 0 ? $"{name} has no files." : $"None of the {listing.Files.Count} files of {name} fits --include and --exclude; see them with --dry-run.");
        var keys = new HashSet<string>(StringComparer.Ordinal);
        long present = files.Sum(file => !keys.Add(file.Key) || store.FindBlob(file) is not null ? file.Bytes : PartialFile.BytesIn(store.PartialPath(file)));
        return new PullPlan(listing, files, present, FreeBytes());
    }

    /// <summary>Does what a plan says; plans again when files change at the hub meanwhile.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="selection">Which files are wanted.</param>
    /// <param name="progress">Told about twice a second, from any thread, never from two at once.</param>
    /// <param name="cancellation">Stops; what was fetched is kept.</param>
    /// <returns>The model in the store.</returns>
    /// <exception cref="HubException">Files cannot be had; the message says why.</exception>
    public async Task<StoredModel> RunAsync(PullPlan plan, PullSelection selection, IProgress<PullProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        for (int listings = 1; ; listings++)
        {
            try
            {
                CheckSpace(plan);
                using StoreClaim claim = await StoreClaim.TakeAsync(store, plan.Files.Select(file => file.Key), cancellation).ConfigureAwait(false);
                StoredModel model = await FetchAsync(plan, progress, cancellation).ConfigureAwait(false);
                if (await new StoreWriter(store).PublishAsync(model, plan.Listing.Name.Revision, cancellation).ConfigureAwait(false)) return model;
                if (listings == MostListings) throw new HubException(HubProblem.Store, $"Files of {plan.Listing.Name} keep disappearing from {store.Root}; is another fathom removing models?");
            }
            catch (HubException exception) when (exception.Problem == HubProblem.Changed && listings < MostListings)
            {
                // The list of files may be old; bytes of another version are found by their hash.
            }

            plan = await PlanAsync(plan.Listing.Name, selection, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<StoredModel> FetchAsync(PullPlan plan, IProgress<PullProgress>? progress, CancellationToken cancellation)
    {
        var counter = new PullCounter(plan.TotalBytes, plan.Files.Count, progress);
        using var connections = new SemaphoreSlim(client.Options.Connections);
        var stored = new StoredFile[plan.Files.Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = client.Options.Connections, CancellationToken = cancellation };
        try
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, stored.Length), parallel, async (index, stop) =>
            {
                HubFile file = plan.Files[index];
                string sha256 = await new FileDownload(client, store, plan.Listing, file, connections, counter).RunAsync(stop).ConfigureAwait(false);
                stored[index] = new StoredFile(file.Path, file.Bytes, sha256, file.GitSha1);
            }).ConfigureAwait(false);
        }
        catch (IOException exception) when (FreeBytes() < 1 << 20)
        {
            throw new HubException(HubProblem.NoSpace, $"The disk of {store.Root} is full; make room and pull again, what is here is kept.", exception);
        }

        ModelName name = plan.Listing.Name;
        return new StoredModel(name.Owner, name.Name, plan.Listing.Commit, client.Options.Endpoint.AbsoluteUri, plan.Files.Count == plan.Listing.Files.Count, stored);
    }

    private void CheckSpace(PullPlan plan)
    {
        if (plan.MissingBytes == 0 || plan.FreeBytes is not { } free || plan.MissingBytes + SpareBytes <= free) return;
        throw new HubException(HubProblem.NoSpace, string.Create(CultureInfo.InvariantCulture, $"{plan.Listing.Name} needs {plan.MissingBytes / 1e9:0.00} GB more and the disk of {store.Root} has {free / 1e9:0.00} GB free; make room, or name another place with --store."));
    }

    private long? FreeBytes()
    {
        string? folder = store.Root;
        while (folder is not null && !Directory.Exists(folder)) folder = Path.GetDirectoryName(folder);
        try
        {
            return folder is null ? null : new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Network shares of Windows have no drive; writing will show.
            return null;
        }
    }
}
