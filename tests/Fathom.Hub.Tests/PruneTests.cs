using Fathom.Hub.Downloads;
using Fathom.Hub.Store;

namespace Fathom.Hub.Tests;

/// <summary>Pruning, removing and verifying beside pulls, and after crashes.</summary>
public sealed class PruneTests
{
    [Fact]
    public async Task Pruning_during_a_pull_keeps_what_the_pull_has_finished()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        var goOn = new TaskCompletionSource();
        hub.Interfere = async context =>
        {
            if (context.Request.Path.Value!.EndsWith("model-2.safetensors", StringComparison.Ordinal)) await goOn.Task;
            return false;
        };
        Task<StoredModel> pull = test.PullAsync(hub);
        await WaitForBlobsAsync(test, 3);
        Assert.Equal(0, await new StoreWriter(test.Store).PruneAsync());
        Assert.Equal(3, Directory.GetFiles(test.Store.BlobFolder).Length);
        goOn.SetResult();
        await pull;
        test.AssertHas(hub);
        Assert.Equal(hub.Files.Values.Sum(content => content.Length), hub.BytesSent);
        Assert.Empty(Directory.GetFiles(test.Store.LockFolder, "claim-*"));
    }

    [Fact]
    public async Task Removing_a_model_during_a_pull_keeps_what_the_pull_shares_with_it()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel first = await test.PullAsync(hub);
        long sent = hub.BytesSent;
        hub.Commit = new string('d', 40);
        hub.Files["model-2.safetensors"] = TestHub.Random(5, 100_000);
        var goOn = new TaskCompletionSource();
        var isAsked = new TaskCompletionSource();
        hub.Interfere = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("model-2.safetensors", StringComparison.Ordinal)) return false;
            isAsked.TrySetResult();
            await goOn.Task;
            return false;
        };
        Task<StoredModel> pull = test.PullAsync(hub);
        await isAsked.Task;
        Assert.Equal(312_345, await new StoreWriter(test.Store).RemoveAsync(first));
        goOn.SetResult();
        await pull;
        test.AssertHas(hub);
        Assert.Equal(sent + 100_000, hub.BytesSent);
    }

    [Fact]
    public async Task What_a_killed_pull_had_finished_is_pruned()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        await test.PullAsync(hub);
        string left = new('e', 64), keys = Path.Combine(test.Store.LockFolder, "claim-left.keys");
        File.WriteAllBytes(test.Store.BlobPath(left), new byte[77]);
        File.WriteAllText(keys, left + "\n");
        using (StoreLock isLive = StoreLock.TryTake(test.Store.LockPath("claim-left"))!) Assert.Equal(0, await new StoreWriter(test.Store).PruneAsync());
        Assert.Equal(77, await new StoreWriter(test.Store).PruneAsync());
        Assert.False(File.Exists(keys));
        test.AssertHas(hub);
    }

    [Fact]
    public async Task What_a_crash_left_of_a_model_is_pruned()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel kept = await test.PullAsync(hub);
        hub.Commit = new string('d', 40);
        hub.Files["model-2.safetensors"] = TestHub.Random(5, 100_000);
        StoredModel lost = await test.PullAsync(hub);

        // As after a crash behind the first step of removing, with a file whose blob is gone, and between writing and renaming.
        string manifest = test.Store.ManifestPath(lost.Owner, lost.Name, lost.Commit), name = Path.Combine(test.Store.GitFolder, "x.tmp");
        File.Delete(manifest);
        File.WriteAllText(manifest + ".tmp", "{");
        File.WriteAllText(name, "x");
        File.SetLastWriteTimeUtc(name, DateTime.UtcNow.AddDays(-1));
        File.WriteAllBytes(Path.Combine(test.Store.FolderOf(lost), "alone"), new byte[1_111]);
        Assert.Equal(101_111, await new StoreWriter(test.Store).PruneAsync());
        Assert.False(Directory.Exists(test.Store.FolderOf(lost)));
        Assert.False(File.Exists(manifest + ".tmp"));
        Assert.False(File.Exists(name));
        Assert.Null(test.Store.Find(TestStore.Name));
        Assert.Equal(kept.Commit, test.Store.Find(ModelName.Parse(TestHub.Repository + "@ccccccc"))!.Commit);
        Assert.Empty(test.Store.MissingFiles(kept));
        await new StoreWriter(test.Store).RemoveAsync(kept);
        Assert.Empty(Directory.GetDirectories(Path.Combine(test.Store.Root, "models")));
    }

    [Fact]
    public async Task Damaged_content_is_taken_out_of_all_models_that_share_it()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel first = await test.PullAsync(hub);
        hub.Commit = new string('d', 40);
        hub.Files["config.json"] = "{}"u8.ToArray();
        StoredModel second = await test.PullAsync(hub);
        string path = test.Store.PathOf(first, first.Files.First(file => file.Path == "model-1.safetensors"));
        using (FileStream file = File.OpenWrite(path)) file.WriteByte((byte)(hub.Files["model-1.safetensors"][0] ^ 1));
        Assert.Equal("model-1.safetensors", Assert.Single(await new StoreCheck(test.Store).RunAsync(first)).Path);
        Assert.Equal("model-1.safetensors", Assert.Single(test.Store.MissingFiles(second)).Path);
        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.Empty(await new StoreCheck(test.Store).RunAsync(second));
    }

    [Fact]
    public async Task A_manifest_that_goes_while_models_are_listed_is_no_error()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        StoredModel model = await test.PullAsync(hub);
        File.CreateSymbolicLink(test.Store.ManifestPath(model.Owner, model.Name, new string('e', 40)), "nowhere");
        Assert.Equal(model.Commit, Assert.Single(test.Store.List()).Commit);
    }

    private static async Task WaitForBlobsAsync(TestStore test, int number)
    {
        while (!Directory.Exists(test.Store.BlobFolder) || Directory.GetFiles(test.Store.BlobFolder).Length < number) await Task.Delay(5);
    }
}
