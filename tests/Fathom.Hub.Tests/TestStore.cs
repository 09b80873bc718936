using Fathom.Hub.Downloads;
using Fathom.Hub.Store;

namespace Fathom.Hub.Tests;

/// <summary>A store in a folder that is gone after the test, and pulls into it.</summary>
internal sealed class TestStore : IDisposable
{
    public static readonly ModelName Name = ModelName.Parse(TestHub.Repository);

    private ModelStore? store;

    public string Folder { get; } = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"fathom-{Guid.NewGuid():N}")).FullName;

    public bool AvoidsLinks { get; init; }

    public ModelStore Store => store ??= new ModelStore(Path.Combine(Folder, "store")) { AvoidsLinks = AvoidsLinks };

    /// <summary>A patience that suits tests.</summary>
    public static HubOptions Options(TestHub hub, string? token = null, int partBytes = 50_000, int stallMilliseconds = 10_000, int attempts = 4) => new()
    {
        Endpoint = hub.Address,
        Token = token,
        PartBytes = partBytes,
        StallTimeout = TimeSpan.FromMilliseconds(stallMilliseconds),
        MaxAttempts = attempts,
        FirstDelay = TimeSpan.FromMilliseconds(5),
        OutagePatience = TimeSpan.Zero,
    };

    public Task<StoredModel> PullAsync(TestHub hub, CancellationToken cancellation = default) => PullAsync(Options(hub), PullSelection.All, null, cancellation);

    public async Task<StoredModel> PullAsync(HubOptions options, PullSelection? selection = null, IProgress<PullProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var client = new HubClient(options);
        var pull = new Pull(client, Store);
        PullPlan plan = await pull.PlanAsync(Name, selection ?? PullSelection.All, cancellation);
        return await pull.RunAsync(plan, selection ?? PullSelection.All, progress, cancellation);
    }

    /// <summary>Fails unless the store has exactly the hub's files under the default name.</summary>
    public void AssertHas(TestHub hub)
    {
        StoredModel model = Store.Find(Name)!;
        Assert.True(model.IsWhole);
        Assert.Empty(Store.MissingFiles(model));
        Assert.Equal(hub.Files.Keys.Order(StringComparer.Ordinal), model.Files.Select(file => file.Path).Order(StringComparer.Ordinal));
        foreach (StoredFile file in model.Files) Assert.True(hub.Files[file.Path].AsSpan().SequenceEqual(File.ReadAllBytes(Store.PathOf(model, file))), file.Path);
        Assert.Empty(Directory.Exists(Store.PartialFolder) ? Directory.GetFiles(Store.PartialFolder) : []);
    }

    /// <summary>A file all of whose parts are here, as after the last has just arrived; it is a hole, which takes long to read and no room.</summary>
    public string MakeWholePartial(string key, long bytes)
    {
        string path = Path.Combine(Store.PartialFolder, key + ".part");
        Directory.CreateDirectory(Store.PartialFolder);
        using (FileStream hole = File.Create(path)) hole.SetLength(bytes);
        using var journal = new BinaryWriter(File.Create(path + ".journal"));
        journal.Write("FATHOMP1"u8);
        foreach (long number in (long[])[bytes, bytes, bytes]) journal.Write(number);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
