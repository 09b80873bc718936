namespace Fathom.Model.Tests;

/// <summary>Allocations are counted for the whole process, so these tests run alone.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>What decoding leaves to the garbage collector.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    [Theory]
    [InlineData(CacheStorage.F32)]
    [InlineData(CacheStorage.Compact)]
    public void A_decoded_token_allocates_nothing_in_the_model(CacheStorage storage)
    {
        using V4Model model = V4Model.Open(Repository.Golden("model", "tiny-fp4"), new V4ModelOptions { Workers = 2, CacheStorage = storage });
        Assert.Equal(0, LeastAllocatedBy(model, position: 200));
    }

    [Fact]
    public void Nor_when_its_experts_come_from_disk()
    {
        using TemporaryFolder folder = new();
        using V4Model streamed = SmallStream.Open(SmallStream.Write(folder.Path), moreSlots: 4);
        Assert.Equal(0, LeastAllocatedBy(streamed, position: 60));
    }

    // The runtime's own threads allocate now and then, so the lowest of several attempts counts.
    private static long LeastAllocatedBy(V4Model model, int position)
    {
        using ISession session = model.CreateSession();
        model.Forward(new Batch().Add(session, EquivalenceTests.Tokens(model, position, 1)));
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 30 && least > 0; attempt++)
        {
            Batch[] batches = [.. Enumerable.Range(0, 8).Select(i => new Batch().Add(session, new[] { (attempt * 8) + i }))];
            long before = GC.GetTotalAllocatedBytes(precise: true);
            foreach (Batch batch in batches) model.Forward(batch);
            long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

            // Code is still being compiled and pools still fill during the first tokens.
            if (attempt > 4) least = Math.Min(least, allocated);
        }

        return least;
    }
}
