using System.Text.Json.Nodes;
using Fathom.Inference;

namespace Fathom.Server.Tests.Faults;

/// <summary>What is on disk survives what may happen to the program and to the disk.</summary>
public sealed class KilledServerTests
{
    private static string Prompt(int i) => $"Number {i}. {string.Join(' ', Enumerable.Range(0, 150 + (60 * (i % 4))).Select(word => word * (i + 3)))}";

    private static string Text(JsonNode answer) => (string)answer["choices"]![0]!["message"]!["content"]!;

    private static int Cached(JsonNode answer) => (int)answer["usage"]!["prompt_tokens_details"]!["cached_tokens"]!;

    [Fact]
    public async Task A_killed_server_comes_back_with_the_same_words()
    {
        Assert.SkipWhen(ServeProcess.Command is null, "The fathom command is not built.");
        int rounds = FaultServer.IsLong ? 40 : 4, prompts = 8;
        using TemporaryFolder folder = new(), other = new();
        var expected = new string[prompts];
        await using (ServeProcess clean = await ServeProcess.StartAsync(other.Path))
        {
            for (int i = 0; i < prompts; i++) expected[i] = Text(await clean.AskAsync(Prompt(i)));
        }

        var random = new Random(11);
        int fromDisk = 0;
        for (int round = 0; round < rounds; round++)
        {
            await using ServeProcess server = await ServeProcess.StartAsync(folder.Path);
            Assert.Empty(Directory.GetFiles(folder.Path, "*.tmp"));
            for (int i = 0; i < 2; i++)
            {
                int which = random.Next(prompts);
                JsonNode answer = await server.AskAsync(Prompt(which));
                Assert.Equal(expected[which], Text(answer));
                if (Cached(answer) > 0) fromDisk++;
            }

            // Killed while prompts are read and their sessions written.
            Task[] asked = [.. Enumerable.Range(0, prompts).Select(i => server.AskAsync(Prompt(i)))];
            await Task.Delay(random.Next(20, 500));
            await server.KillAsync();
            await Task.WhenAll(asked).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        // What a killed program may leave at worst.
        string aFile = Directory.GetFiles(folder.Path, "*.fathom-prefix").First();
        await File.WriteAllBytesAsync(aFile + ".999999999.tmp", new byte[100]);
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "answers-0000.jsonl.tmp"), new byte[100]);
        await using ServeProcess last = await ServeProcess.StartAsync(folder.Path);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.tmp"));
        for (int i = 0; i < prompts; i++)
        {
            JsonNode answer = await last.AskAsync(Prompt(i));
            Assert.Equal(expected[i], Text(answer));
            if (Cached(answer) > 0) fromDisk++;
        }

        Assert.True(fromDisk > 0, "Nothing ever came from disk, so this test shows nothing.");
    }

    [Fact]
    public async Task A_full_disk_is_told_and_survived()
    {
        Assert.SkipWhen(ServeProcess.Command is null || OperatingSystem.IsWindows(), "Needs the fathom command and a limit of file sizes.");
        using TemporaryFolder folder = new();

        // Files of one block at most; without its signal the limit is an error like that of a full disk.
        await using ServeProcess server = await ServeProcess.StartAsync(folder.Path, "trap '' XFSZ; ulimit -f 1");
        string first = Text(await server.AskAsync(Prompt(3)));
        await FaultServer.UntilAsync(() => server.Errors.Contains("takes no more files", StringComparison.Ordinal), "a notice: " + server.Errors);
        Assert.Equal(first, Text(await server.AskAsync(Prompt(3))));
        for (int i = 0; i < 12; i++) await server.AskAsync($"Say {i}.");
        await FaultServer.UntilAsync(() => server.Errors.Contains("answers are remembered until", StringComparison.Ordinal), "a notice: " + server.Errors);
        Assert.False(server.HasExited);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.tmp"));
    }

    [Fact]
    public async Task A_folder_that_is_gone_is_told_and_survived()
    {
        using TemporaryFolder folder = new();
        var notices = new List<string>();
        var engine = new EngineOptions
        {
            CacheFolder = folder.Path,
            Notice = text =>
            {
                lock (notices) notices.Add(text);
            },
        };
        await using TestServer server = await TestServer.StartBuiltInAsync(new ServerOptions { ThinksByDefault = false }, engine);
        Directory.Delete(folder.Path, recursive: true);
        for (int i = 0; i < 3; i++) await server.PostAsync("/v1/chat/completions", $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{Prompt(i)}\"}}],\"max_tokens\":5}}");
        await FaultServer.UntilAsync(() =>
        {
            lock (notices) return notices.Exists(text => text.Contains("takes no more files", StringComparison.Ordinal));
        }, "a notice");
        lock (notices) Assert.True(notices.Count <= 2, "One notice for each kind of file is enough: " + string.Join('\n', notices));
    }

    [Fact]
    public async Task Damaged_files_are_dropped_and_the_words_stay_the_same()
    {
        using TemporaryFolder folder = new();
        var engine = new EngineOptions { CacheFolder = folder.Path };
        async Task<(string[] Words, int Cached)> Round()
        {
            await using TestServer server = await TestServer.StartBuiltInAsync(new ServerOptions { ThinksByDefault = false }, engine);
            JsonObject[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => server.PostAsync("/v1/chat/completions", $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{Prompt(i)}\"}}],\"max_tokens\":20,\"temperature\":0}}")));
            return ([.. answers.Select(Text)], answers.Sum(Cached));
        }

        (string[] expected, _) = await Round();
        var random = new Random(3);
        for (int round = 0; round < (FaultServer.IsLong ? 60 : 6); round++)
        {
            foreach (string file in Directory.GetFiles(folder.Path))
            {
                byte[] bytes = await File.ReadAllBytesAsync(file);
                if (bytes.Length == 0 || random.Next(2) == 0) continue;
                if (random.Next(2) == 0) bytes = bytes[..random.Next(bytes.Length)];
                else bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                await File.WriteAllBytesAsync(file, bytes);
            }

            (string[] words, _) = await Round();
            Assert.Equal(expected, words);
        }

        Assert.True((await Round()).Cached > 0);
    }
}
