namespace Fathom.Extensions.AI.Tests;

public sealed class SampleTests
{
    [Theory]
    [InlineData("Chat")]
    [InlineData("Tools")]
    [InlineData("StructuredOutput")]
    public async Task The_document_shows_each_sample_as_it_is_compiled(string sample)
    {
        string code = await File.ReadAllTextAsync(Repository.PathOf("samples", sample, "Program.cs"));
        string document = await File.ReadAllTextAsync(Repository.PathOf("docs", "library.md"));
        Assert.Contains(code.ReplaceLineEndings("\n").TrimEnd(), document.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
