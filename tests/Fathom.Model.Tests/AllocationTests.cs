namespace Fathom.Model.Tests;

/// <summary>What decoding leaves to the garbage collector.</summary>
public sealed class AllocationTests
{
    [Theory]
    [InlineData(CacheStorage.F32)]
    [InlineData(CacheStorage.Compact)]
    public void A_decoded_token_allocates_nothing_in_the_model(CacheStorage storage)
    {
        const int Tokens = 64;
        using V4Model model = V4Model.Open(Repository.Golden("model", "tiny-fp4"), new V4ModelOptions { Workers = 2, CacheStorage = storage });
        using ISession session = model.CreateSession();
        model.Forward(new Batch().Add(session, Enumerable.Range(0, 200).ToArray()));
        Batch[] batches = [.. Enumerable.Range(0, 2 * Tokens).Select(i => new Batch().Add(session, new[] { i }))];
        foreach (Batch batch in batches.Take(Tokens)) model.Forward(batch);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = Tokens; i < 2 * Tokens; i++) model.Forward(batches[i]);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        // Other tests may run beside this one, so the lowest of several attempts counts.
        for (int attempt = 0; attempt < 20 && allocated > 0; attempt++)
        {
            Batch[] more = [.. Enumerable.Range(0, 8).Select(i => new Batch().Add(session, new[] { i }))];
            before = GC.GetTotalAllocatedBytes(precise: true);
            foreach (Batch batch in more) model.Forward(batch);
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.Equal(0, allocated);
    }
}
