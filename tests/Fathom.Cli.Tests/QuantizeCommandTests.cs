using System.Text.Json;

namespace Fathom.Cli.Tests;

/// <summary>The way of a model through convert, imatrix, quantize and the two measurements, as a user goes it.</summary>
public sealed class QuantizeCommandTests : IDisposable
{
    private static readonly string Minnow = Repository.PathOf("models", "builtin"), Text = Repository.PathOf("docs", "examples", "harbour.txt");

    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Convert_goes_there_and_back()
    {
        string file = Path.Combine(folder, "minnow.gguf"), back = Path.Combine(folder, "back");
        Assert.Contains("MXFP4 1.04 MB", await Run("convert", Minnow, file), StringComparison.Ordinal);
        await Run("convert", file, back);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Minnow, "tokenizer.json")), File.ReadAllBytes(Path.Combine(back, "tokenizer.json")));
        string[] question = ["run", "Where does Clara Novak live?", "--file", Text, "--temperature", "0", "--profile", "plain", "--model"];
        Assert.Equal("Lisbon.", (await Run([.. question, file])).Trim());
        Assert.Equal("Lisbon.", (await Run([.. question, back])).Trim());
    }

    [Fact]
    public async Task Convert_changes_names_there_and_back()
    {
        string named = Path.Combine(folder, "named"), back = Path.Combine(folder, "back"), of = Path.Combine(folder, "of-gguf"), file = Path.Combine(folder, "minnow.gguf");
        Assert.Contains("no multi-token-prediction block", await Run("convert", Minnow, named, "--names", "transformers"), StringComparison.Ordinal);
        Assert.Contains("I8 983.04 kB", await Run("convert", named, back), StringComparison.Ordinal);
        await Run("convert", named, file);
        await Run("convert", file, of, "--names", "transformers");
        string[] question = ["run", "Where does Clara Novak live?", "--file", Text, "--temperature", "0", "--profile", "plain", "--model"];
        foreach (string model in (string[])[named, back, of])
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(Minnow, "tokenizer.json")), File.ReadAllBytes(Path.Combine(model, "tokenizer.json")));
            Assert.Equal("Lisbon.", (await Run([.. question, model])).Trim());
        }

        FathomProcess.Result again = await FathomProcess.RunAsync(["convert", named, Path.Combine(folder, "x"), "--names", "transformers"]);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("SOURCE has transformers-style names already", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quantised_experts_are_measured()
    {
        string importance = Path.Combine(folder, "x.imatrix"), file = Path.Combine(folder, "q2.gguf");
        Assert.Contains("1,464 tokens", await Run("imatrix", "--text", Text, "--output", importance), StringComparison.Ordinal);
        Assert.Contains("F32", await Run("quantize", Minnow, file, "--experts", "q2_k", "--imatrix", importance, "--decoded"), StringComparison.Ordinal);

        using JsonDocument perplexity = JsonDocument.Parse(await Run("eval", "perplexity", "--text", Text, "--json"));
        using JsonDocument divergence = JsonDocument.Parse(await Run("eval", "divergence", "--reference", Minnow, "--model", file, "--text", Text, "--json", "--profile", "fast"));
        Assert.Equal(1464, divergence.RootElement.GetProperty("tokens").GetInt32());
        Assert.Equal(perplexity.RootElement.GetProperty("models")[0].GetProperty("perplexity").GetDouble(), divergence.RootElement.GetProperty("reference").GetProperty("perplexity").GetDouble(), 9);
        Assert.InRange(divergence.RootElement.GetProperty("models")[0].GetProperty("mean_divergence").GetDouble(), 1e-4, 0.1);
        string table = await Run("eval", "divergence", "--reference", Minnow, "--model", file, "--text", Text, "--tokens", "100");
        Assert.StartsWith("100 tokens in windows of 2,048, profile plain, caches f32. KL from builtin, in nats.", table, StringComparison.Ordinal);
        Assert.Contains("| q2 | ", table, StringComparison.Ordinal);
        Assert.Contains("\n| 4 | 0.", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_there_is_replaced_only_with_force_and_the_source_never()
    {
        string file = Path.Combine(folder, "minnow.gguf"), back = Path.Combine(folder, "back");
        await Run("convert", Minnow, file);
        byte[] before = File.ReadAllBytes(file);
        foreach (string[] command in (string[][])[["convert", Minnow, file], ["quantize", Minnow, file, "--experts", "q4_k"]]) Assert.Contains("exists already", await Refused(command), StringComparison.Ordinal);
        foreach (string[] force in (string[][])[[], ["--force"]]) Assert.Contains("is read and cannot be written", await Refused(["quantize", file, file, "--experts", "q4_k", .. force]), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(file));
        await Run("convert", Minnow, file, "--matrices", "f32", "--force");
        Assert.NotEqual(before.Length, new FileInfo(file).Length);
        await Run("convert", file, back);
        Assert.Contains("--force", await Refused("convert", file, back), StringComparison.Ordinal);
        await Run("convert", file, back, "--force");
        Assert.Equal(["back", "minnow.gguf"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order());
    }

    private static async Task<string> Refused(params string[] arguments)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(arguments);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("fathom: ", Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        return result.Error;
    }

    private static async Task<string> Run(params string[] arguments)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(arguments);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }
}
