using Fathom.Compute.Cpu;
using Fathom.Evaluation.Rounding;
using Fathom.Model;

namespace Fathom.Evaluation.Tests;

public sealed class RoundingTests
{
    private static readonly string Minnow = Repository.PathOf("models", "builtin");

    public static TheoryData<string> Models => [Minnow, Repository.Golden("model", "tiny-fp4")];

    [Theory]
    [MemberData(nameof(Models))]
    public void The_fast_profile_is_nearer_to_the_plain_one_than_the_official_rounding(string path)
    {
        int[] text = RoundingTest.TextFor(path, 256);
        Assert.Equal(256, text.Length);
        RoundingResult fast = RoundingTest.Measure(path, NumericProfile.Fast, CacheStorage.F32, text, cancellation: TestContext.Current.CancellationToken);
        RoundingResult official = RoundingTest.Measure(path, NumericProfile.Official, CacheStorage.F32, text, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(fast.MeanDivergence, CpuDevice.HasFastProducts ? 1e-12 : 0, official.MeanDivergence);
        Assert.InRange(fast.Agreement, official.Agreement, 1);
        RoundingResult compact = RoundingTest.Measure(path, NumericProfile.Fast, CacheStorage.Compact, text, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(compact.MeanDivergence, 1e-12, official.MeanDivergence);
    }

    [Fact]
    public void A_profile_does_not_differ_from_itself()
    {
        RoundingResult same = RoundingTest.Measure(Minnow, NumericProfile.Plain, CacheStorage.F32, RoundingTest.TextFor(Minnow, 100), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((100, 0.0, 1.0), (same.Tokens, same.MeanDivergence, same.Agreement));
    }
}
