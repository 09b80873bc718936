using Fathom.Checkpoints;

namespace Fathom.Model.Tests;

/// <summary>Sessions whose compressed entries are stored in fewer bits: the same promises as with 32, and the bytes of the formula.</summary>
public sealed class CacheStorageTests
{
    public static TheoryData<CacheStorage, NumericProfile> Ways => new() { { CacheStorage.F32, NumericProfile.Fast }, { CacheStorage.BF16, NumericProfile.Fast }, { CacheStorage.Compact, NumericProfile.Fast }, { CacheStorage.Compact, NumericProfile.Plain } };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Chunks_forks_and_rollbacks_change_no_bit(CacheStorage storage, NumericProfile profile)
    {
        using V4Model model = Open(storage, profile);
        int[] tokens = EquivalenceTests.Tokens(model, 400, 31), other = EquivalenceTests.Tokens(model, 40, 32);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        Assert.Equal(whole, Sequence.Logits(model, tokens, Sequence.Fit([1, 7, 130], tokens.Length)));

        using ISession origin = model.CreateSession();
        model.Forward(new Batch().Add(origin, tokens.AsMemory(0, 257)));
        using ISession fork = origin.Fork();
        fork.Rollback(9);
        model.Forward(new Batch().Add(fork, other));
        model.Forward(new Batch().Add(origin, other.AsMemory(0, 13)));
        origin.Rollback(13);
        Assert.Equal(whole.AsSpan(257 * model.VocabularySize).ToArray(), Sequence.Continue(model, origin, tokens[257..], Sequence.Even(143, 5)));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Snapshots_continue_bit_for_bit(CacheStorage storage, NumericProfile profile)
    {
        using V4Model model = Open(storage, profile), reopened = Open(storage, profile);
        int[] tokens = EquivalenceTests.Tokens(model, 330, 33);
        float[] whole = Sequence.Logits(model, tokens, [tokens.Length]);
        using ISession session = model.CreateSession(), chain = reopened.CreateSession();
        int done = 0;
        foreach (int length in (int[])[3, 66, 129, 258, 299])
        {
            model.Forward(new Batch().Add(session, tokens.AsMemory(done, length - done)));
            using var since = new MemoryStream();
            session.WriteSnapshot(since, done);
            since.Position = 0;
            chain.ReadSnapshot(since);
            using ISession one = chain.Fork();
            float[] rest = Sequence.Continue(reopened, one, tokens[length..(length + 30)], [1, 29]);
            Assert.Equal(whole.AsSpan(length * model.VocabularySize, rest.Length).ToArray(), rest);
            done = length;
        }
    }

    [Fact]
    public void Entries_that_the_official_profile_has_rounded_lose_no_more_in_eight_bits_than_in_sixteen()
    {
        using V4Model compact = Open(CacheStorage.Compact, NumericProfile.Official), halves = Open(CacheStorage.BF16, NumericProfile.Official);
        int[] tokens = EquivalenceTests.Tokens(compact, 400, 34);
        Assert.Equal(Sequence.Logits(halves, tokens, [400]), Sequence.Logits(compact, tokens, [400]));
    }

    [Fact]
    public void A_snapshot_of_another_storage_is_refused()
    {
        using V4Model model = Open(CacheStorage.Compact, NumericProfile.Fast), other = Open(CacheStorage.BF16, NumericProfile.Fast);
        using ISession session = model.CreateSession(), foreign = other.CreateSession();
        model.Forward(new Batch().Add(session, new[] { 1, 2, 3 }));
        using var stream = new MemoryStream();
        session.WriteSnapshot(stream);
        stream.Position = 0;
        Assert.Contains("cache format", Assert.Throws<InvalidDataException>(() => foreign.ReadSnapshot(stream)).Message, StringComparison.Ordinal);
        Assert.Equal(0, foreign.Length);
    }

    [Theory]
    [InlineData(CacheStorage.F32, NumericProfile.Fast, 0)]
    [InlineData(CacheStorage.BF16, NumericProfile.Official, 1)]
    [InlineData(CacheStorage.Compact, NumericProfile.Fast, 2)]
    public void Caches_grow_by_the_bytes_of_the_formula(CacheStorage storage, NumericProfile profile, int format)
    {
        using V4Model model = Open(storage, profile);
        var summary = new ModelSummary(model.Config);
        CacheFormat expected = summary.CacheFormats[format];
        Assert.Equal((expected.MainEntry, expected.IndexEntry, expected.WindowRow), (model.CacheFormat.MainEntry, model.CacheFormat.IndexEntry, model.CacheFormat.WindowRow));

        // Whole pages of CSA layers fill meanwhile; the first page of HCA layers is there from the beginning.
        using ISession session = model.CreateSession();
        model.Forward(new Batch().Add(session, new int[256], LogitRows.None));
        long before = session.CacheBytes;
        for (int i = 0; i < 3; i++) model.Forward(new Batch().Add(session, new int[256], LogitRows.None));
        Assert.Equal(summary.LayersOf(LayerKind.Csa) * (768 / 4) * (expected.MainEntry + expected.IndexEntry), session.CacheBytes - before);
    }

    private static V4Model Open(CacheStorage storage, NumericProfile profile) =>
        V4Model.Open(Repository.Golden("model", "tiny-fp4"), new V4ModelOptions { CacheStorage = storage, Profile = profile, Workers = 2 });
}
