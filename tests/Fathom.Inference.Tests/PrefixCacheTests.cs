using Fathom.Inference.Caching;
using static Fathom.Inference.Tests.Engines;

namespace Fathom.Inference.Tests;

/// <summary>What comes from a cache must not change an answer: not from memory, not from disk, wherever the prompts part.</summary>
public sealed class PrefixCacheTests
{
    // Every length modulo 4, and around multiples of 128.
    public static readonly int[] Lengths = [1, 2, 3, 5, 15, 16, 17, 18, 63, 64, 65, 66, 67, 100, 125, 126, 127, 128, 129, 130, 131, 132, 133, 255, 256, 257, 258, 259, 383, 384, 385, 386, 387];

    [Fact]
    public async Task A_hit_in_memory_changes_nothing_wherever_prompts_part()
    {
        using FathomModel model = Random(new EngineOptions { MemorySpacing = 32 });
        int[] first = Tokens(model, 400, 1);
        await Complete(model.PrepareText(first, Greedy(20, "shared")));
        foreach (int length in Lengths)
        {
            int[] prompt = [.. first[..length], .. Tokens(model, 30, length)];
            GenerationCompleted hit = await Complete(model.PrepareText(prompt, Greedy(12, "shared"))), alone = await Complete(model.PrepareText(prompt, Greedy(12, $"fresh {length}")));
            Assert.Equal(0, alone.Usage.CachedTokens);
            Assert.Equal(alone.Tokens, hit.Tokens);
            if (length > 160) Assert.True(hit.Usage.CachedTokens >= length - 128, $"{hit.Usage} at {length}");
            if (hit.Usage.CachedTokens > 0) Assert.Equal(PrefixSource.Memory, hit.Usage.CacheSource);
        }
    }

    [Fact]
    public async Task A_hit_on_disk_after_a_restart_changes_nothing()
    {
        using var folder = new Folder();
        EngineOptions engine = new() { CacheFolder = folder.Path, FolderSpacing = 64, MemorySpacing = 32 };
        int[] first;
        using (FathomModel model = Random(engine))
        {
            first = Tokens(model, 400, 2);
            await Complete(model.PrepareText(first, Greedy(20)));
        }

        Assert.NotEmpty(folder.Files());
        Assert.Empty(folder.Files("*.tmp"));
        foreach (int length in Lengths.Where(length => length > 200))
        {
            using FathomModel model = Random(engine);
            int[] prompt = [.. first[..length], .. Tokens(model, 30, length)];
            GenerationCompleted hit = await Complete(model.PrepareText(prompt, Greedy(12))), alone = await Complete(model.PrepareText(prompt, Greedy(12, $"fresh {length}")));
            Assert.Equal(alone.Tokens, hit.Tokens);
            Assert.Equal((PrefixSource.Disk, 0), (hit.Usage.CacheSource, alone.Usage.CachedTokens));
            Assert.True(hit.Usage.CachedTokens >= 128, $"{hit.Usage} at {length}");
        }
    }

    [Fact]
    public async Task Damaged_files_are_dropped_with_a_notice_and_change_nothing()
    {
        using var folder = new Folder();
        var notices = new List<string>();
        EngineOptions engine = new() { CacheFolder = folder.Path, FolderSpacing = 64, Notice = notices.Add };
        int[] prompt;
        GenerationCompleted right;
        using (FathomModel model = Random(engine))
        {
            prompt = Tokens(model, 300, 3);
            right = await Complete(model.PrepareText(prompt, Greedy(12)));
        }

        var random = new Random(4);
        for (int round = 0; round < 12; round++)
        {
            foreach (string file in folder.Files())
            {
                byte[] bytes = await File.ReadAllBytesAsync(file);
                if (round % 3 == 0) bytes = bytes[..random.Next(bytes.Length)];
                else bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
                await File.WriteAllBytesAsync(file, bytes);
            }

            await File.WriteAllTextAsync(Path.Combine(folder.Path, "half.fathom-prefix.999999999.tmp"), "half");
            await File.WriteAllTextAsync(Path.Combine(folder.Path, "junk.fathom-prefix"), "not a prefix");
            using (FathomModel model = Random(engine))
            {
                GenerationCompleted again = await Complete(model.PrepareText(prompt, Greedy(12)));
                Assert.Equal(right.Tokens, again.Tokens);
                Assert.Equal(0, again.Usage.CachedTokens);
            }

            Assert.Empty(folder.Files("*.tmp"));
        }

        Assert.Contains(notices, notice => notice.Contains("was dropped from the cache", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Model.NumericProfile.Official, Model.CacheStorage.F32)]
    [InlineData(Model.NumericProfile.Fast, Model.CacheStorage.Compact)]
    public async Task Files_of_another_profile_or_cache_format_are_never_used_and_stay(Model.NumericProfile profile, Model.CacheStorage storage)
    {
        using var folder = new Folder();
        EngineOptions engine = new() { CacheFolder = folder.Path };
        int[] prompt;
        using (FathomModel model = Random(engine))
        {
            prompt = Tokens(model, 200, 5);
            await Complete(model.PrepareText(prompt, Greedy(5)));
        }

        string[] files = folder.Files();
        using FathomModel other = FathomModel.Open(
            Repository.PathOf("tests", "models", "random"), new FathomModelOptions { Engine = engine, Model = new Model.V4ModelOptions { Profile = profile, CacheStorage = storage } });
        Assert.Equal(0, (await Complete(other.PrepareText(prompt, Greedy(5)))).Usage.CachedTokens);
        Assert.All(files, file => Assert.True(File.Exists(file)));
    }

    [Fact]
    public async Task The_folder_keeps_its_budget_and_gives_up_ends_first()
    {
        using var folder = new Folder();
        EngineOptions engine = new() { CacheFolder = folder.Path, FolderSpacing = 64, CacheFolderBytes = 6_000_000 };
        using (FathomModel model = Random(engine))
        {
            for (int i = 0; i < 10; i++) await Complete(model.PrepareText(Tokens(model, 300, 10 + i), Greedy(3)));
        }

        Assert.True(folder.Files().Sum(file => new FileInfo(file).Length) <= engine.CacheFolderBytes);
        using FathomModel again = Random(engine);
        GenerationCompleted last = await Complete(again.PrepareText(Tokens(again, 300, 19), Greedy(3)));
        Assert.True(last.Usage.CachedTokens > 200, $"{last.Usage}");
    }

    [Fact]
    public async Task Memory_keeps_its_budget()
    {
        const long Budget = 3_000_000;
        using FathomModel model = Random(new EngineOptions { CacheBytes = Budget, MemorySpacing = 32 });
        for (int i = 0; i < 10; i++)
        {
            await Complete(model.PrepareText(Tokens(model, 300, 40 + i), Greedy(3)));
            Assert.True(model.Status.CacheBytes <= Budget, $"{model.Status.CacheBytes} bytes after {i}");
        }

        Assert.True(model.Status.CacheEvictions > 0);
        using FathomModel none = Random(new EngineOptions { CacheBytes = 0 });
        int[] prompt = Tokens(none, 100, 60);
        await Complete(none.PrepareText(prompt, Greedy(3)));
        Assert.Equal(0, (await Complete(none.PrepareText(prompt, Greedy(3)))).Usage.CachedTokens);
    }

    [Fact]
    public async Task Spaces_never_meet()
    {
        using FathomModel model = Random();
        int[] prompt = Tokens(model, 200, 70);
        await Complete(model.PrepareText(prompt, Greedy(3, "one")));
        Assert.Equal(0, (await Complete(model.PrepareText(prompt, Greedy(3, "other")))).Usage.CachedTokens);
        Assert.True((await Complete(model.PrepareText(prompt, Greedy(3, "one")))).Usage.CachedTokens > 190);
        model.ClearCache("one");
        Assert.Equal(0, (await Complete(model.PrepareText(prompt, Greedy(3, "one")))).Usage.CachedTokens);
    }

    [Fact]
    public void A_token_tree_finds_what_a_plain_search_finds()
    {
        var random = new Random(80);
        var tree = new TokenTree<string>();
        var kept = new Dictionary<string, (int[] Tokens, TokenTree<string>.Node Node)>();
        for (int i = 0; i < 3000; i++)
        {
            int[] tokens = [.. Enumerable.Range(0, random.Next(1, 14)).Select(_ => random.Next(3))];
            string name = string.Join(',', tokens);
            if (random.Next(4) > 0)
            {
                TokenTree<string>.Node node = tree.At(tokens);
                node.Value = name;
                kept[name] = (tokens, node);
            }
            else if (kept.Remove(name, out (int[], TokenTree<string>.Node Node) known))
            {
                TokenTree<string>.Remove(known.Node);
            }

            int[] asked = [.. Enumerable.Range(0, random.Next(0, 16)).Select(_ => random.Next(3))];
            int beyond = random.Next(0, 5);
            var expected = kept.Values.Select(entry => (Name: string.Join(',', entry.Tokens), Common: entry.Tokens.AsSpan().CommonPrefixLength(asked), entry.Tokens.Length))
                .Where(entry => entry.Length - entry.Common <= beyond).Select(entry => (entry.Name, entry.Common)).Order();
            Assert.Equal(expected, tree.Along(asked, beyond).Select(found => (found.Node.Value!, found.Common)).Order());
            foreach ((int[] all, TokenTree<string>.Node place) in kept.Values) Assert.Equal(all, place.Tokens());
            if (i > 300) i += 10;
        }
    }
}
