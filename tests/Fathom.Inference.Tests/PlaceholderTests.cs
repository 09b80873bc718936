namespace Fathom.Inference.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void The_test_project_runs() => Assert.True(true);
}
