using System.Security.Cryptography;
using System.Text;
using Fathom.Hub.Downloads;
using Fathom.Hub.Store;

namespace Fathom.Hub.Tests;

public sealed class StoreTests
{
    [Theory]
    [InlineData("a/b", "a", "b", "main")]
    [InlineData("deepseek-ai/DeepSeek-V4.1@refs/pr/3", "deepseek-ai", "DeepSeek-V4.1", "refs/pr/3")]
    public void Names_are_read(string text, string owner, string name, string revision) =>
        Assert.Equal(new ModelName(owner, name, revision), ModelName.Parse(text));

    [Theory]
    [InlineData("a")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a/b/c")]
    [InlineData("../b")]
    [InlineData("a/..")]
    [InlineData("a/b@")]
    [InlineData("a/b@../x")]
    [InlineData("a/b@/x")]
    [InlineData("a/b c")]
    [InlineData("a/b@x\n")]
    public void What_is_no_name_is_refused(string text) => Assert.False(ModelName.TryParse(text, out _));

    [Fact]
    public async Task Removing_a_model_keeps_what_another_shares()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel first = await test.PullAsync(hub);
        hub.Commit = new string('d', 40);
        hub.Files["model-1.safetensors"] = TestHub.Random(7, 20_000);
        await test.PullAsync(hub);
        Assert.Equal(300_000, await new StoreWriter(test.Store).RemoveAsync(first));
        test.AssertHas(hub);
        Assert.Single(test.Store.List());
        await new StoreWriter(test.Store).RemoveAsync(test.Store.List()[0]);
        Assert.Empty(Directory.GetFiles(test.Store.BlobFolder));
        Assert.Empty(Directory.GetDirectories(Path.Combine(test.Store.Root, "models")));
    }

    [Fact]
    public async Task Damage_is_found_and_only_the_damaged_file_is_fetched_again()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel model = await test.PullAsync(hub);
        string path = test.Store.PathOf(model, model.Files.First(file => file.Path == "model-2.safetensors"));
        using (FileStream file = File.OpenWrite(path)) file.WriteByte(1);
        StoredFile bad = Assert.Single(await new StoreCheck(test.Store).RunAsync(model));
        Assert.Equal("model-2.safetensors", bad.Path);
        Assert.Equal(bad, Assert.Single(test.Store.MissingFiles(model)));
        long sent = hub.BytesSent;
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.Equal(sent + bad.Bytes, hub.BytesSent);
    }

    [Fact]
    public async Task A_file_that_is_gone_is_linked_again_without_fetching()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel model = await test.PullAsync(hub);
        File.Delete(test.Store.PathOf(model, model.Files[0]));
        Assert.Single(await new StoreCheck(test.Store).RunAsync(model));
        long sent = hub.BytesSent;
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.Equal(sent, hub.BytesSent);
    }

    [Fact]
    public async Task Content_that_two_files_share_is_fetched_and_kept_once()
    {
        await using TestHub hub = await TestHub.StartAsync();
        foreach (string name in (string[])["a.bin", "b.bin", "sub/c.bin"]) hub.Files[name] = TestHub.Random(1, 100_000);
        using var test = new TestStore();
        using (var client = new HubClient(TestStore.Options(hub)))
            Assert.Equal(100_000, (await new Pull(client, test.Store).PlanAsync(TestStore.Name, PullSelection.All)).MissingBytes);
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.Equal(100_000, hub.BytesSent);
        Assert.Single(Directory.GetFiles(test.Store.BlobFolder));
    }

    [Fact]
    public async Task Prune_removes_unfinished_files_and_keeps_models()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        await test.PullAsync(hub);
        string path = Path.Combine(test.Store.PartialFolder, new string('e', 64) + ".part");
        using (PartialFile partial = PartialFile.Open(path, 100_000, 50_000)) partial.Write(1, new byte[1234]);
        File.WriteAllBytes(test.Store.BlobPath(new string('f', 64)), new byte[66]);
        Assert.Equal(1300, await new StoreWriter(test.Store).PruneAsync());
        test.AssertHas(hub);
    }

    [Fact]
    public async Task Prune_leaves_a_file_alone_that_somebody_fetches()
    {
        using var test = new TestStore();
        string key = new('e', 64), path = Path.Combine(test.Store.PartialFolder, key + ".part");
        using (PartialFile partial = PartialFile.Open(path, 100, 50)) partial.Write(1, new byte[12]);
        using (StoreLock held = StoreLock.TryTake(test.Store.LockPath(key))!)
        {
            Assert.Null(StoreLock.TryTake(test.Store.LockPath(key)));
            Assert.Equal(0, await new StoreWriter(test.Store).PruneAsync());
            Assert.True(File.Exists(path));
        }

        Assert.Equal(12, await new StoreWriter(test.Store).PruneAsync());
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task The_cache_of_the_hubs_own_tools_is_taken_over_without_copying()
    {
        using var test = new TestStore();
        (string cache, string blob, byte[] content) = MakeCache(test);
        CachedModel cached = Assert.Single(CacheImport.Find(cache));
        Assert.Equal(TestHub.Repository, cached.Name.ToString());
        StoredModel model = await new CacheImport(test.Store).RunAsync(cached);
        Assert.Equal(["config.json", "sub/model.safetensors"], model.Files.Select(file => file.Path).Order(StringComparer.Ordinal));
        string path = test.Store.PathOf(test.Store.Find(TestStore.Name)!, model.Files.First(file => file.Bytes == content.Length));
        Assert.Equal(content, File.ReadAllBytes(path));

        // One file under several names: what is written through one is seen through the other.
        using (FileStream file = File.OpenWrite(blob)) file.WriteByte((byte)(content[0] ^ 1));
        Assert.NotEqual(content, File.ReadAllBytes(path));
    }

    [Fact]
    public async Task A_damaged_file_of_a_cache_is_not_taken_over()
    {
        using var test = new TestStore();
        (string cache, string blob, _) = MakeCache(test);
        File.WriteAllBytes(blob, new byte[5]);
        HubException error = await Assert.ThrowsAsync<HubException>(() => new CacheImport(test.Store).RunAsync(CacheImport.Find(cache)[0]));
        Assert.Equal(HubProblem.WrongBytes, error.Problem);
        Assert.Empty(test.Store.List());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"owner":"acme","name":"tiny-model","commit":"x","source":"","is_whole":true,"files":[]}""")]
    [InlineData("""{"owner":"acme","name":"tiny-model","commit":"cccccccccccccccccccccccccccccccccccccccc","source":"","is_whole":true,"files":[{"path":"../../x","bytes":1,"sha256":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"}]}""")]
    public async Task A_damaged_manifest_is_one_sentence(string manifest)
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel model = await test.PullAsync(hub);
        File.WriteAllText(test.Store.ManifestPath(model.Owner, model.Name, model.Commit), manifest);
        HubException error = Assert.Throws<HubException>(() => test.Store.List());
        Assert.Contains("is damaged; delete it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_of_a_file_is_counted_only_when_its_mark_was_written()
    {
        using var test = new TestStore();
        string path = Path.Combine(test.Folder, "x.part");
        using (PartialFile partial = PartialFile.Open(path, 1000, 300))
        {
            Assert.Equal(4, partial.Parts);
            partial.Write(3, new byte[100]);
            partial.Write(1, new byte[7]);
            Assert.True(partial.IsDone(3));
        }

        Assert.Equal(107, PartialFile.BytesIn(path));
        using (PartialFile again = PartialFile.Open(path, 1000, 999)) Assert.Equal(307, again.Next(1));
        using (PartialFile other = PartialFile.Open(path, 1001, 300)) Assert.Equal(0, other.DoneBytes);
    }

    // As the hub's own tools lay it out: blobs by hash, snapshots of links to them.
    private static (string Cache, string Blob, byte[] Content) MakeCache(TestStore test)
    {
        string cache = Path.Combine(test.Folder, "hub"), repository = Path.Combine(cache, "models--acme--tiny-model"), commit = new('a', 40);
        byte[] content = TestHub.Random(8, 50_000), small = "{}"u8.ToArray();
#pragma warning disable CA5350 // Git's name for content.
        string sha1 = Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {small.Length}\0"), .. small]));
#pragma warning restore CA5350
        string blobs = Directory.CreateDirectory(Path.Combine(repository, "blobs")).FullName;
        string snapshot = Path.Combine(repository, "snapshots", commit);
        Directory.CreateDirectory(Path.Combine(snapshot, "sub"));
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        File.WriteAllText(Path.Combine(repository, "refs", "main"), commit);
        string blob = Path.Combine(blobs, TestHub.Sha256(content));
        File.WriteAllBytes(blob, content);
        File.WriteAllBytes(Path.Combine(blobs, sha1), small);
        File.CreateSymbolicLink(Path.Combine(snapshot, "config.json"), Path.Combine("..", "..", "blobs", sha1));
        File.CreateSymbolicLink(Path.Combine(snapshot, "sub", "model.safetensors"), Path.Combine("..", "..", "..", "blobs", Path.GetFileName(blob)));
        return (cache, blob, content);
    }
}
