using System.Diagnostics;
using Fathom.Hub.Downloads;
using Fathom.Hub.Store;
using Fathom.Inference;
using Microsoft.AspNetCore.Http;

namespace Fathom.Hub.Tests;

public sealed class ProcessTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_pull_killed_at_random_moments_goes_on_and_ends_right(int seed)
    {
        await using TestHub hub = await TestHub.WithModelAsync(8_000_000);
        using var test = new TestStore();
        var random = new Random(seed);
        string[] pull = ["pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri, "--connections", "3"];
        hub.BytesPerSecond = 600_000;
        int kills = 0;
        for (; kills < 5; kills++)
        {
            long before = hub.BytesSent;
            using Process process = FathomCommand.Start(test, pull);

            // Counted from the first bytes: a loaded machine starts slowly.
            while (hub.BytesSent == before && !process.HasExited) await Task.Delay(5);
            await Task.Delay(random.Next(0, 900));
            process.Kill();
            await process.WaitForExitAsync();
            Assert.Null(test.Store.Find(TestStore.Name));
        }

        long sent = hub.BytesSent, wanted = hub.Files.Values.Sum(content => (long)content.Length);
        using (var client = new HubClient(TestStore.Options(hub)))
        {
            PullPlan plan = await new Pull(client, test.Store).PlanAsync(TestStore.Name, PullSelection.All);
            Assert.InRange(plan.PresentBytes, 1, plan.TotalBytes - 1);
        }

        hub.BytesPerSecond = null;
        (int exitCode, string output, string error) = await FathomCommand.RunAsync(test, pull);
        Assert.True(exitCode == 0, error);
        test.AssertHas(hub);
        Assert.Equal(test.Store.FolderOf(test.Store.Find(TestStore.Name)!), output.Trim());

        // Each kill costs what was in pipes and buffers, a few hundred kilobytes a connection, never the file.
        Assert.InRange(hub.BytesSent, wanted, wanted + (kills * 3_000_000L));
        Assert.True(hub.BytesSent - sent < wanted);
    }

    [Fact]
    public async Task Two_processes_at_once_share_the_work()
    {
        await using TestHub hub = await TestHub.WithModelAsync(2_000_000);
        hub.BytesPerSecond = 1_000_000;
        using var test = new TestStore();
        string[] pull = ["pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri];
        (int ExitCode, string Output, string Error)[] results = await Task.WhenAll(FathomCommand.RunAsync(test, pull), FathomCommand.RunAsync(test, pull));
        Assert.All(results, result => Assert.True(result.ExitCode == 0, result.Error));
        test.AssertHas(hub);
        Assert.Equal(hub.Files.Values.Sum(content => content.Length), hub.BytesSent);
    }

    [Fact]
    public async Task The_commands_do_what_their_names_say()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        string endpoint = hub.Address.AbsoluteUri;
        (int exitCode, string output, string error) = await FathomCommand.RunAsync(test, "inspect", TestHub.Repository);
        Assert.Equal(1, exitCode);
        Assert.Contains($"'fathom pull {TestHub.Repository}'", error, StringComparison.Ordinal);
        Assert.Empty(hub.Requests);

        (exitCode, output, error) = await FathomCommand.RunAsync(test, "pull", TestHub.Repository, "--endpoint", endpoint, "--dry-run", "--exclude", "*.json");
        Assert.True(exitCode == 0, error);
        Assert.Contains("3 of 4 files", output, StringComparison.Ordinal);
        Assert.Equal(0, hub.BytesSent);

        (exitCode, output, error) = await FathomCommand.RunAsync(test, "pull", TestHub.Repository, "--endpoint", endpoint);
        Assert.True(exitCode == 0, error);
        Assert.Contains("config.json is here", error, StringComparison.Ordinal);
        Assert.Contains(TestHub.Repository, (await FathomCommand.RunAsync(test, "models", "list")).Output, StringComparison.Ordinal);
        Assert.Contains("model-2.safetensors", (await FathomCommand.RunAsync(test, "models", "show", TestHub.Repository)).Output, StringComparison.Ordinal);
        Assert.Contains("All 4 files", (await FathomCommand.RunAsync(test, "models", "verify", TestHub.Repository)).Output, StringComparison.Ordinal);

        // The store's folder is what inspect opens: it complains of the config, not of the name.
        error = (await FathomCommand.RunAsync(test, "inspect", TestHub.Repository)).Error;
        Assert.Contains(Path.Combine(new string('c', 40), "config.json"), error, StringComparison.Ordinal);

        File.Delete(test.Store.PathOf(test.Store.Find(TestStore.Name)!, test.Store.Find(TestStore.Name)!.Files.First(file => file.Path == "model-1.safetensors")));
        error = (await FathomCommand.RunAsync(test, "inspect", TestHub.Repository)).Error;
        Assert.Contains("model-1.safetensors of acme/tiny-model is missing", error, StringComparison.Ordinal);
        Assert.Contains("free again", (await FathomCommand.RunAsync(test, "models", "remove", TestHub.Repository)).Output, StringComparison.Ordinal);
        Assert.Empty(test.Store.List());
    }

    [Fact]
    public async Task A_pulled_model_answers_under_its_name()
    {
        await using TestHub hub = await TestHub.StartAsync();
        string builtIn = Repository.PathOf("models/builtin");
        foreach (string path in Directory.GetFiles(builtIn)) hub.Files[Path.GetFileName(path)] = await File.ReadAllBytesAsync(path);
        using var test = new TestStore();
        string[] ask = ["run", "Where does Clara Novak live?", "--seed", "1", "--temperature", "0", "--max-tokens", "4"];
        (int exitCode, _, string error) = await FathomCommand.RunAsync(test, "pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri);
        Assert.True(exitCode == 0, error);
        int requests = hub.Requests.Count;
        (exitCode, string output, error) = await FathomCommand.RunAsync(test, [.. ask, "--model", TestHub.Repository]);
        Assert.True(exitCode == 0, error);
        Assert.Equal((await FathomCommand.RunAsync(test, ask)).Output, output);
        Assert.Equal(requests, hub.Requests.Count);
        Assert.NotEmpty((await FathomCommand.RunAsync(test, "tokenize", "hello", "--model", $"{TestHub.Repository}@{hub.Commit}")).Output);

        Assert.Contains("tiny-model", (await FathomCommand.RunAsync(test, "bench", "--model", TestHub.Repository, "--prompts", "8", "--depths", "8", "--tokens", "1", "--repeats", "1", "--threads", "1")).Output, StringComparison.Ordinal);

        // Another store by an option that every command knows, and the library without any command.
        using (var elsewhere = new TestStore())
        {
            Assert.Equal(1, (await FathomCommand.RunAsync(elsewhere, "inspect", TestHub.Repository)).ExitCode);
            Assert.Contains("layers", (await FathomCommand.RunAsync(elsewhere, "inspect", TestHub.Repository, "--store", test.Store.Root)).Output, StringComparison.Ordinal);
            Assert.Contains(TestHub.Repository, (await FathomCommand.RunAsync(elsewhere, "--store", test.Store.Root, "models", "list")).Output, StringComparison.Ordinal);
        }

        Environment.SetEnvironmentVariable("FATHOM_HOME", test.Store.Root);
        try
        {
            using FathomModel model = FathomModel.Open(TestHub.Repository);
            Assert.Equal(1920, model.Model.VocabularySize);
            Assert.Equal("tiny-model", ModelPath.NameOf(TestHub.Repository));
            Assert.Contains("'fathom pull acme/other'", Assert.Throws<DirectoryNotFoundException>(() => FathomModel.Open("acme/other")).Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("FATHOM_HOME", null);
        }
    }

    [Fact]
    public async Task Ctrl_C_ends_a_check_of_hashes_at_once()
    {
        Assert.SkipWhen(InterruptsAreIgnored(), "Ctrl+C is ignored where these tests were started, in the background of a shell, and so by what they start.");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent by a program that is not there.");
        const long bytes = 30_000_000_000;
        await using TestHub hub = await TestHub.StartAsync();
        var asked = new TaskCompletionSource();
        hub.Interfere = async context =>
        {
            await context.Response.WriteAsync($$$"""{"id":"{{{TestHub.Repository}}}","sha":"{{{hub.Commit}}}","siblings":[{"rfilename":"model.safetensors","size":{{{bytes}}},"blobId":"{{{new string('0', 40)}}}","lfs":{"sha256":"{{{new string('1', 64)}}}","size":{{{bytes}}},"pointerSize":130}}]}""");
            asked.TrySetResult();
            return true;
        };
        using var test = new TestStore();

        string partial = test.MakeWholePartial(new string('1', 64), bytes);
        using Process process = FathomCommand.Start(test, "pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri);
        await asked.Task;
        await Task.Delay(1000);
        Assert.False(process.HasExited);
        var watch = Stopwatch.StartNew();
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"])) await kill.WaitForExitAsync();
        await process.WaitForExitAsync();
        Assert.Equal(130, process.ExitCode);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
        Assert.True(File.Exists(partial));
    }

    [Fact]
    public async Task A_repository_of_one_split_gguf_file_opens_by_its_name_and_one_of_several_asks_which()
    {
        await using TestHub hub = await TestHub.StartAsync();
        hub.Files["Q4/tiny-00001-of-00002.gguf"] = TestHub.Random(1, 100);
        hub.Files["Q4/tiny-00002-of-00002.gguf"] = TestHub.Random(2, 100);
        using var test = new TestStore();
        await test.PullAsync(hub);
        Assert.Contains("tiny-00001-of-00002.gguf: expected", (await FathomCommand.RunAsync(test, "inspect", TestHub.Repository)).Error, StringComparison.Ordinal);
        hub.Files["Q8/tiny.gguf"] = TestHub.Random(3, 100);
        await test.PullAsync(hub);
        Assert.Contains("has 3 .gguf files; name one, such as acme/tiny-model:Q4/tiny-00001", (await FathomCommand.RunAsync(test, "inspect", TestHub.Repository)).Error, StringComparison.Ordinal);
        Assert.Contains("tiny.gguf: expected", (await FathomCommand.RunAsync(test, "inspect", TestHub.Repository + ":Q8/tiny.gguf")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupting_stops_and_keeps_what_is_here()
    {
        if (OperatingSystem.IsWindows()) return;
        await using TestHub hub = await TestHub.WithModelAsync(2_000_000);
        hub.BytesPerSecond = 200_000;
        using var test = new TestStore();
        using Process process = FathomCommand.Start(test, "pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri);
        while (hub.BytesSent < 100_000 && !process.HasExited) await Task.Delay(10);
        // As Ctrl+C does; an interrupt itself never reaches programs of a shell in the background.
        using (Process interrupt = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await interrupt.WaitForExitAsync();
        Assert.Contains("fathom: stopped.", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        await process.WaitForExitAsync();
        Assert.Equal(130, process.ExitCode);
        hub.BytesPerSecond = null;
        await test.PullAsync(hub);
        test.AssertHas(hub);
    }

    [Fact]
    public async Task A_token_does_not_travel_unencrypted_and_a_token_file_is_for_its_own_hub()
    {
        await using TestHub hub = await TestHub.WithModelAsync();
        using var test = new TestStore();
        string home = Directory.CreateDirectory(Path.Combine(test.Folder, "hub-home")).FullName;
        File.WriteAllText(Path.Combine(home, "token"), "hf_file\n");
        Assert.Equal(0, (await FathomCommand.RunAsync(test, "pull", TestHub.Repository, "--endpoint", hub.Address.AbsoluteUri)).ExitCode);
        Assert.All(hub.Requests, request => Assert.Null(request.Authorization));

        using Process process = FathomCommand.StartWith(new() { ["HF_TOKEN"] = "hf_x" }, test, "pull", TestHub.Repository, "--endpoint", "http://mirror.example");
        Assert.Contains("would travel unencrypted to http://mirror.example", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        await process.WaitForExitAsync();
    }

    private static bool InterruptsAreIgnored()
    {
        const int interrupt = 2;
        if (!OperatingSystem.IsLinux()) return false;
        string mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..].Trim();
        return (Convert.ToUInt64(mask, 16) & (1UL << (interrupt - 1))) != 0;
    }
}
