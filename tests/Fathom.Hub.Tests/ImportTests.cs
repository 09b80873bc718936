using Fathom.Hub.Store;

namespace Fathom.Hub.Tests;

public sealed class ImportTests
{
    [Fact]
    public async Task The_cache_of_the_hubs_own_tools_is_taken_over_without_copying()
    {
        using var test = new TestStore();
        (string cache, string blob, byte[] content) = TestCache.Make(test);
        CachedModel cached = Assert.Single(CacheImport.Find(cache));
        Assert.Equal(TestHub.Repository, cached.Name.ToString());
        StoredModel model = await new CacheImport(test.Store).RunAsync(cached);
        Assert.Equal(["config.json", "sub/model.safetensors"], model.Files.Select(file => file.Path).Order(StringComparer.Ordinal));
        string path = test.Store.PathOf(test.Store.Find(TestStore.Name)!, model.Files.First(file => file.Bytes == content.Length));
        Assert.Equal(content, File.ReadAllBytes(path));
        Assert.Empty(Directory.GetFiles(test.Store.PartialFolder));
        Assert.Equal(["store.lock"], Directory.GetFiles(test.Store.LockFolder).Select(Path.GetFileName));
        await new CacheImport(test.Store).RunAsync(cached);
        Assert.Empty(Directory.GetFiles(test.Store.PartialFolder));

        // One file under several names: what is written through one is seen through the other.
        using (FileStream file = File.OpenWrite(blob)) file.WriteByte((byte)(content[0] ^ 1));
        Assert.NotEqual(content, File.ReadAllBytes(path));
    }

    [Fact]
    public async Task All_revisions_of_a_commit_are_taken_over()
    {
        using var test = new TestStore();
        CachedModel cached = CacheImport.Find(TestCache.Make(test).Cache)[0];
        await new CacheImport(test.Store).RunAsync(cached);
        foreach (string revision in (string[])["main", "v1.0", "refs/pr/1", "aaaaaaa"]) Assert.NotNull(test.Store.Find(ModelName.Parse($"{TestHub.Repository}@{revision}")));
        Assert.Equal(["main", "refs/pr/1", "v1.0"], cached.Revisions);
    }

    [Theory]
    [InlineData("acme/tiny-model", true)]
    [InlineData("Acme/Tiny-Model", true)]
    [InlineData("acme/tiny-model@main", true)]
    [InlineData("acme/tiny-model@v1.0", true)]
    [InlineData("acme/tiny-model@aaaaaaa", true)]
    [InlineData("acme/tiny-model@aaaaaa", false)]
    [InlineData("acme/tiny-model@v2.0", false)]
    [InlineData("acme/other", false)]
    public void A_cached_model_is_meant_by_its_revisions(string text, bool isMeant)
    {
        using var test = new TestStore();
        Assert.Equal(isMeant, CacheImport.Find(TestCache.Make(test).Cache)[0].IsMeantBy(text));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_damaged_file_of_a_cache_is_not_taken_over(bool avoidsLinks)
    {
        using var test = new TestStore { AvoidsLinks = avoidsLinks };
        (string cache, string blob, _) = TestCache.Make(test);
        File.WriteAllBytes(blob, new byte[5]);
        HubException error = await Assert.ThrowsAsync<HubException>(() => new CacheImport(test.Store).RunAsync(CacheImport.Find(cache)[0]));
        Assert.Equal(HubProblem.WrongBytes, error.Problem);
        Assert.Empty(test.Store.List());
        Assert.Empty(Directory.GetFiles(test.Store.PartialFolder));
        Assert.False(File.Exists(test.Store.BlobPath(Path.GetFileName(blob))));
    }

    [Fact]
    public async Task A_cache_on_another_disk_is_copied_and_the_copying_can_be_stopped()
    {
        using var test = new TestStore { AvoidsLinks = true };
        (string cache, string blob, byte[] content) = TestCache.Make(test);
        CachedModel cached = CacheImport.Find(cache)[0];
        using (var stop = new CancellationTokenSource())
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new CacheImport(test.Store).RunAsync(cached, new StopAt(stop), stop.Token));
        Assert.Empty(Directory.GetFiles(test.Store.PartialFolder));
        Assert.Empty(test.Store.List());
        StoredModel model = await new CacheImport(test.Store).RunAsync(cached);
        File.WriteAllBytes(blob, [1]);
        Assert.Equal(content, File.ReadAllBytes(test.Store.PathOf(model, model.Files.First(file => file.Path == "sub/model.safetensors"))));
        Assert.Empty(await new StoreCheck(test.Store).RunAsync(model));
        await new StoreWriter(test.Store).PruneAsync();
        Assert.Empty(test.Store.MissingFiles(model));
    }

    [Fact]
    public async Task Pruning_during_an_import_takes_nothing_away()
    {
        using var test = new TestStore();
        CachedModel cached = CacheImport.Find(TestCache.Make(test).Cache)[0];
        var prune = new PruneAtEachPiece(test);
        StoredModel model = await new CacheImport(test.Store).RunAsync(cached, prune);
        Assert.Equal(2, prune.Times);
        Assert.Empty(test.Store.MissingFiles(model));
    }

    private sealed class StopAt(CancellationTokenSource stop) : IProgress<long>
    {
        public void Report(long value) => stop.Cancel();
    }

    private sealed class PruneAtEachPiece(TestStore test) : IProgress<long>
    {
        public int Times { get; private set; }

        public void Report(long value)
        {
            Assert.Equal(0, new StoreWriter(test.Store).PruneAsync().GetAwaiter().GetResult());
            Times++;
        }
    }
}
