using System.Diagnostics;
using Fathom.Hub.Downloads;
using Fathom.Hub.Store;
using Microsoft.AspNetCore.Http;

namespace Fathom.Hub.Tests;

/// <summary>What is left when the program is killed (kill -9) at the moments that matter, and that the next command puts it right.</summary>
public sealed class KillTests
{
    private const int ManyFiles = 3_000;
    private const int MostAttempts = 5;
    private const long HoleBytes = 30_000_000_000;

    [Fact]
    public async Task Killed_while_it_hashes_it_keeps_all_bytes_and_asks_for_none()
    {
        await using TestHub hub = await TestHub.StartAsync();
        hub.Interfere = async context =>
        {
            await context.Response.WriteAsync($$$"""{"id":"{{{TestHub.Repository}}}","sha":"{{{hub.Commit}}}","siblings":[{"rfilename":"model.safetensors","size":{{{HoleBytes}}},"lfs":{"sha256":"{{{new string('1', 64)}}}","size":{{{HoleBytes}}}}}]}""");
            return true;
        };
        using var test = new TestStore();
        string partial = test.MakeWholePartial(new string('1', 64), HoleBytes);
        for (int kills = 0; kills < 2; kills++)
        {
            using Process process = FathomCommand.Start(test, "pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri);

            // It holds the file's lock from before it hashes.
            await WaitAsync(process, () => File.Exists(test.Store.LockPath(new string('1', 64))) && IsHeld(test, new string('1', 64)));
            await Task.Delay(100);
            await KillAsync(process);
            Assert.Equal(HoleBytes, PartialFile.BytesIn(partial));
        }

        Assert.All(hub.Requests, request => Assert.StartsWith("/api/", request.Path, StringComparison.Ordinal));
        Assert.Equal(2, Directory.GetFiles(test.Store.LockFolder, "claim-*.keys").Length);
        Assert.Equal(HoleBytes, await new StoreWriter(test.Store).PruneAsync());
        Assert.Empty(Directory.GetFiles(test.Store.LockFolder, "claim-*"));
    }

    [Fact]
    public async Task Killed_while_it_publishes_it_leaves_no_model_and_the_next_pull_fetches_nothing()
    {
        await using TestHub hub = await WithManyFilesAsync();
        for (int attempt = 1; ; attempt++)
        {
            using var test = new TestStore();
            using (Process process = FathomCommand.Start(test, "pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri))
            {
                string folder = Path.Combine(test.Store.RepositoryFolder("acme", "tiny-model"), hub.Commit);
                SpinWait.SpinUntil(() => process.HasExited || Directory.Exists(folder));
                await KillAsync(process);
            }

            // It may have been quicker than the blow.
            if (attempt < MostAttempts && test.Store.Find(TestStore.Name) is not null) continue;
            Assert.Null(test.Store.Find(TestStore.Name));
            long sent = hub.BytesSent;
            await test.PullAsync(hub);
            test.AssertHas(hub);
            Assert.Equal(sent, hub.BytesSent);
            return;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_beside_the_move_of_a_finished_file_it_fetches_nothing_again(bool hasMoved)
    {
        // No blow hits between two system calls; this is what it would leave: the file under its old or its new name, and the journal in both cases.
        await using TestHub hub = await TestHub.WithModelAsync(100_000);
        byte[] content = hub.Files["model-1.safetensors"];
        string sha256 = TestHub.Sha256(content);
        using var test = new TestStore();
        string partial = test.MakeWholePartial(sha256, content.Length);
        File.WriteAllBytes(partial, content);
        if (hasMoved)
        {
            Directory.CreateDirectory(test.Store.BlobFolder);
            File.Move(partial, test.Store.BlobPath(sha256));
        }

        await test.PullAsync(hub);
        test.AssertHas(hub);
        Assert.Equal(hub.Files.Values.Sum(file => file.Length) - content.Length, hub.BytesSent);
    }

    [Fact]
    public async Task Killed_after_the_move_of_a_file_that_is_then_lost_it_is_fetched_as_if_new()
    {
        await using TestHub hub = await TestHub.WithModelAsync(100_000);
        using var test = new TestStore();
        byte[] content = hub.Files["model-1.safetensors"];
        File.Delete(test.MakeWholePartial(TestHub.Sha256(content), content.Length));
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task Killed_while_it_removes_it_leaves_no_model_and_prune_frees_the_rest()
    {
        await using TestHub hub = await WithManyFilesAsync();
        using var test = new TestStore();
        for (int attempt = 1; ; attempt++)
        {
            StoredModel model = await test.PullAsync(hub);
            string manifest = test.Store.ManifestPath(model.Owner, model.Name, model.Commit);
            using (Process process = FathomCommand.Start(test, "models", "remove", TestHub.Repository))
            {
                SpinWait.SpinUntil(() => process.HasExited || !File.Exists(manifest));
                await KillAsync(process);
            }

            Assert.Empty(test.Store.List());
            if (attempt < MostAttempts && !Directory.Exists(test.Store.FolderOf(model))) continue;
            Assert.InRange(Directory.GetFiles(test.Store.FolderOf(model)).Length, 0, ManyFiles);
            Assert.Equal(20_000, await new StoreWriter(test.Store).PruneAsync());
            Assert.Empty(Directory.GetDirectories(Path.Combine(test.Store.Root, "models")));
            await test.PullAsync(hub);
            test.AssertHas(hub);
            return;
        }
    }

    [Fact]
    public async Task Killed_while_it_imports_it_leaves_the_cache_as_it_was()
    {
        using var test = new TestStore();
        (string cache, string blob, _) = TestCache.Make(test);
        using (FileStream hole = File.Create(blob)) hole.SetLength(HoleBytes);
        using (Process process = FathomCommand.Start(test, "models", "import", "--from", cache))
        {
            await WaitAsync(process, () => Directory.Exists(test.Store.PartialFolder) && Directory.GetFiles(test.Store.PartialFolder, "import-*").Any(path => new FileInfo(path) is { Exists: true, Length: HoleBytes }));
            await KillAsync(process);
        }

        Assert.Single(Directory.GetFiles(test.Store.PartialFolder));
        await new StoreWriter(test.Store).PruneAsync();
        Assert.Empty(Directory.GetFiles(test.Store.PartialFolder));
        Assert.Empty(Directory.GetFiles(test.Store.BlobFolder));
        Assert.Equal(HoleBytes, new FileInfo(blob).Length);
    }

    [Fact]
    public async Task When_one_of_two_pulls_is_killed_the_other_takes_over_where_it_was()
    {
        await using TestHub hub = await TestHub.WithModelAsync(2_000_000);
        hub.BytesPerSecond = 400_000;
        using var test = new TestStore();
        string[] pull = ["pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri];
        using Process first = FathomCommand.Start(test, pull);
        await WaitAsync(first, () => hub.BytesSent > 300_000);
        using Process second = FathomCommand.Start(test, pull);
        string? line;
        do line = await second.StandardError.ReadLineAsync();
        while (line?.Contains("waiting for another process, which fetches model-", StringComparison.Ordinal) == false);
        Assert.NotNull(line);
        await KillAsync(first);
        hub.BytesPerSecond = null;
        Task<string> error = second.StandardError.ReadToEndAsync();
        await second.WaitForExitAsync();
        Assert.True(second.ExitCode == 0, await error);
        test.AssertHas(hub);
        Assert.InRange(hub.BytesSent, 1, hub.Files.Values.Sum(content => content.Length) + 3_000_000);
    }

    [Fact]
    public async Task A_file_of_several_parts_goes_on_in_another_process()
    {
        await using TestHub hub = await TestHub.StartAsync();
        byte[] content = hub.Files["model.safetensors"] = TestHub.Random(1, 80_000_000);
        using var test = new TestStore();
        string[] pull = ["pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri];
        string partial = Path.Combine(test.Store.PartialFolder, TestHub.Sha256(content) + ".part");
        hub.BytesPerSecond = 5_000_000;
        using (Process process = FathomCommand.Start(test, pull))
        {
            // The journal's marks: both parts have begun.
            await WaitAsync(process, () => File.Exists(partial + ".journal") && File.ReadAllBytes(partial + ".journal") is { Length: 40 } journal && BitConverter.ToInt64(journal, 24) > 0 && BitConverter.ToInt64(journal, 32) > 0);
            await KillAsync(process);
        }

        long sent = hub.BytesSent, missing = content.Length - PartialFile.BytesIn(partial);
        hub.BytesPerSecond = null;
        (int exitCode, _, string error) = await FathomCommand.RunAsync(test, pull);
        Assert.True(exitCode == 0, error);
        test.AssertHas(hub);
        Assert.InRange(hub.BytesSent - sent, missing, missing + 3_000_000);
    }

    private static async Task<TestHub> WithManyFilesAsync()
    {
        TestHub hub = await TestHub.StartAsync();
        byte[] content = TestHub.Random(1, 20_000);
        for (int number = 0; number < ManyFiles; number++) hub.Files[$"part-{number:0000}.bin"] = content;
        return hub;
    }

    private static bool IsHeld(TestStore test, string key)
    {
        using StoreLock? taken = StoreLock.TryTake(test.Store.LockPath(key));
        return taken is null;
    }

    private static async Task WaitAsync(Process process, Func<bool> isSo)
    {
        while (!isSo())
        {
            if (process.HasExited) Assert.Fail(await process.StandardError.ReadToEndAsync());
            await Task.Delay(5);
        }
    }

    private static async Task KillAsync(Process process)
    {
        process.Kill();
        await process.WaitForExitAsync();
    }
}
