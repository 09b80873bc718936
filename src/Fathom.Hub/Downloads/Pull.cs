using System.Globalization;
using Fathom.Hub.Store;

namespace Fathom.Hub.Downloads;

/// <summary>Fetches models from a hub into a store. What an interrupted pull brought is used by the next one.</summary>
public sealed class Pull(HubClient client, ModelStore store)
{
    private const int MostListings = 3;

    // A write that fails with no more than this free failed for want of room.
    private const long FullBytes = 1 << 20;

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
            throw new HubException(HubProblem.NotFound, listing.Files.Count == 0 ? $"{name} has no files." : $"None of the {listing.Files.Count} files of {name} fits --include and --exclude; to see them, leave both out and add --dry-run.");
        RepositoryPath.Check(listing.Name, files, OperatingSystem.IsWindows(), RepositoryPath.IgnoresCase);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        long present = files.Sum(file => !keys.Add(file.Key) || store.FindBlob(file) is not null ? file.Bytes : PartialFile.BytesIn(store.PartialPath(file)));
        return new PullPlan(listing, files, present, StoreDisk.FreeBytes(store));
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
                if (await new StoreWriter(store).PublishAsync(model, [plan.Listing.Name.Revision], cancellation).ConfigureAwait(false)) return model;
                if (listings == MostListings) throw new HubException(HubProblem.Store, $"Files of {plan.Listing.Name} keep disappearing from {store.Root}; is another fathom removing models?");
            }
            catch (HubException exception) when (exception.Problem == HubProblem.Changed && listings < MostListings)
            {
                // The list of files may be old; bytes of another version are found by their hash.
            }
            catch (IOException exception) when (StoreDisk.FreeBytes(store) < FullBytes)
            {
                throw new HubException(HubProblem.NoSpace, $"The disk of {store.Root} is full; make room and pull again, what is here is kept.", exception);
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
        await Parallel.ForEachAsync(Enumerable.Range(0, stored.Length), parallel, async (index, stop) =>
        {
            HubFile file = plan.Files[index];
            string sha256 = await new FileDownload(client, store, plan.Listing, file, connections, counter).RunAsync(stop).ConfigureAwait(false);
            stored[index] = new StoredFile(file.Path, file.Bytes, sha256, file.GitSha1);
        }).ConfigureAwait(false);
        ModelName name = plan.Listing.Name;
        return new StoredModel(name.Owner, name.Name, plan.Listing.Commit, client.Options.Endpoint.AbsoluteUri, plan.Files.Count == plan.Listing.Files.Count, stored);
    }

    private void CheckSpace(PullPlan plan)
    {
        long needed = NeededBytes(plan, StoreDisk.ReservesAtOnce(store), !StoreDisk.KnowsLinks(store));
        if (needed <= 0 || plan.FreeBytes is not { } free || needed + StoreDisk.SpareBytes <= free) return;
        throw new HubException(HubProblem.NoSpace, string.Create(CultureInfo.InvariantCulture, $"{plan.Listing.Name} needs {needed / 1e9:0.00} GB more and the disk of {store.Root} has {free / 1e9:0.00} GB free; make room, or name another place with --store."));
    }

    /// <summary>Free bytes that a pull needs: what is missing, without the room that unfinished files have already, and with the copies where the disk knows no links.</summary>
    internal long NeededBytes(PullPlan plan, bool reservesAtOnce, bool copies)
    {
        long needed = plan.MissingBytes;
        if (reservesAtOnce)
        {
            foreach (HubFile file in plan.Files.DistinctBy(file => file.Key).Where(file => store.FindBlob(file) is null && ModelStore.LengthOf(store.PartialPath(file)) == file.Bytes))
                needed -= file.Bytes - PartialFile.BytesIn(store.PartialPath(file));
        }

        if (copies)
        {
            var model = new StoredModel(plan.Listing.Name.Owner, plan.Listing.Name.Name, plan.Listing.Commit, string.Empty, false, []);
            needed += plan.Files.Where(file => ModelStore.LengthOf(store.PathOf(model, new StoredFile(file.Path, file.Bytes, string.Empty))) != file.Bytes).Sum(file => file.Bytes);
        }

        return needed;
    }
}
