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
    public async Task One_damaged_manifest_does_not_hide_the_other_models_and_long_names_stay_on_one_line()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel model = await test.PullAsync(hub);
        string manifest = test.Store.ManifestPath(model.Owner, model.Name, model.Commit), name = new('n', 90), commit = new('d', 40);
        Directory.CreateDirectory(test.Store.RepositoryFolder("owner", name));
        File.WriteAllText(test.Store.ManifestPath("owner", name, commit), File.ReadAllText(manifest).Replace(model.Owner, "owner", StringComparison.Ordinal).Replace(model.Name, name, StringComparison.Ordinal).Replace(model.Commit, commit, StringComparison.Ordinal));
        File.WriteAllText(manifest, "{");
        (int exitCode, string output, string error) = await FathomCommand.RunAsync(test, "models", "list");
        Assert.Equal(1, exitCode);
        Assert.Contains($"{manifest} is damaged; delete it and pull the model again, its content is kept.", error, StringComparison.Ordinal);
        Assert.Matches($@"(?m)^ +owner/{name}@{commit} +dddddddd +\d ", output);

        // What nobody knows the files of may still be somebody's.
        (exitCode, _, error) = await FathomCommand.RunAsync(test, "models", "prune");
        Assert.Equal(1, exitCode);
        Assert.Contains("is damaged", error, StringComparison.Ordinal);
        File.Delete(manifest);
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

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

    [Fact]
    public async Task A_disk_without_links_has_copies_and_needs_room_for_both()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore { AvoidsLinks = true };
        string path = test.Store.PartialPath(new HubFile("model-1.safetensors", 300_000, TestHub.Sha256(hub.Files["model-1.safetensors"]), null));
        using (PartialFile partial = PartialFile.Open(path, 300_000, 50_000)) partial.Write(0, hub.Files["model-1.safetensors"].AsSpan(0, 50_000));
        using (var client = new HubClient(TestStore.Options(hub)))
        {
            var pull = new Pull(client, test.Store);
            PullPlan plan = await pull.PlanAsync(TestStore.Name, PullSelection.All);
            Assert.Equal(plan.TotalBytes - 50_000, pull.NeededBytes(plan, reservesAtOnce: false, copies: false));
            Assert.Equal(plan.TotalBytes - 300_000, pull.NeededBytes(plan, reservesAtOnce: true, copies: false));
            Assert.Equal((2 * plan.TotalBytes) - 50_000, pull.NeededBytes(plan, reservesAtOnce: false, copies: true));
            Assert.Equal(HubProblem.NoSpace, (await Assert.ThrowsAsync<HubException>(() => pull.RunAsync(plan with { FreeBytes = plan.TotalBytes + StoreDisk.SpareBytes }, PullSelection.All))).Problem);
        }

        StoredModel model = await test.PullAsync(hub);
        test.AssertHas(hub);
        using (var client = new HubClient(TestStore.Options(hub)))
        {
            var pull = new Pull(client, test.Store);
            Assert.Equal(0, pull.NeededBytes(await pull.PlanAsync(TestStore.Name, PullSelection.All), reservesAtOnce: true, copies: true));
        }

        // A damaged copy is made anew from the blob, which is sound.
        string copy = test.Store.PathOf(model, model.Files.First(file => file.Path == "model-1.safetensors"));
        using (FileStream file = File.OpenWrite(copy)) file.WriteByte((byte)(hub.Files["model-1.safetensors"][0] ^ 1));
        Assert.Single(await new StoreCheck(test.Store).RunAsync(model));
        long sent = hub.BytesSent;
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.Equal(sent, hub.BytesSent);
    }

    [Fact]
    public async Task A_name_is_found_in_any_case_and_kept_as_the_hub_writes_it()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        hub.IgnoresCase = true;
        var shouted = ModelName.Parse(TestHub.Repository.ToUpperInvariant());
        using (var client = new HubClient(TestStore.Options(hub)))
        {
            var pull = new Pull(client, test.Store);
            Assert.Equal(TestHub.Repository, (await pull.RunAsync(await pull.PlanAsync(shouted, PullSelection.All), PullSelection.All)).Repository);
        }

        test.AssertHas(hub);
        Assert.Equal(TestHub.Repository, test.Store.Find(shouted)!.Repository);
        Assert.Single(test.Store.List());
    }

    [Theory]
    [InlineData("a/b c.txt", true, null)]
    [InlineData("what?.txt", false, null)]
    [InlineData("what?.txt", true, "may have a ?")]
    [InlineData("C:evil", true, "may have a :")]
    [InlineData("a./b", true, "may end with a point")]
    [InlineData("a/b ", true, "may end with a point or a space")]
    [InlineData("sub/nul.txt", true, "is a device")]
    [InlineData("null.txt", true, null)]
    public void Names_that_a_system_cannot_have_are_known(string path, bool isWindows, string? objection)
    {
        Assert.True(RepositoryPath.IsInside(path));
        if (objection is null) Assert.Null(RepositoryPath.Objection(path, isWindows));
        else Assert.Contains(objection, RepositoryPath.Objection(path, isWindows), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_a_system_cannot_have_are_refused_with_the_way_out()
    {
        HubFile File(string path) => new(path, 1, new string('a', 64), null);
        RepositoryPath.Check(TestStore.Name, [File("README.md"), File("readme.md")], isWindows: false, ignoresCase: false);
        HubException error = Assert.Throws<HubException>(() => RepositoryPath.Check(TestStore.Name, [File("README.md"), File("readme.md")], isWindows: false, ignoresCase: true));
        Assert.Contains("leave it out with --exclude 'readme.md'.", error.Message, StringComparison.Ordinal);
        Assert.Contains("too long", Assert.Throws<HubException>(() => RepositoryPath.Check(TestStore.Name, [File(new string('ü', 128))], isWindows: false, ignoresCase: false)).Message, StringComparison.Ordinal);
    }
}
