using System.Text;
using BenchmarkDotNet.Attributes;
using Fathom.Text;

namespace Fathom.Benchmarks;

/// <summary>Encoding and decoding a megabyte of source code and JSON, against turning the same text into UTF-8.</summary>
[MemoryDiagnoser]
public class TokenizerBenchmarks
{
    private const int Characters = 1_000_000;

    private string text = string.Empty;
    private Tokenizer warm = null!;
    private Tokenizer cold = null!;
    private int[] ids = [];

    /// <summary>Reads the text and the tokenizer.</summary>
    [GlobalSetup]
    public void Setup()
    {
        text = RepositoryFiles.Text(Characters);
        warm = Load();
        ids = warm.Encode(text, matchAddedTokens: false);
    }

    /// <summary>A tokenizer that has seen nothing yet.</summary>
    [IterationSetup(Target = nameof(EncodeCold))]
    public void Forget() => cold = Load();

    /// <summary>The machine's own work on this text.</summary>
    [Benchmark(Baseline = true)]
    public byte[] ToUtf8() => Encoding.UTF8.GetBytes(text);

    /// <summary>The first megabyte after loading.</summary>
    [Benchmark]
    public int[] EncodeCold() => cold.Encode(text, matchAddedTokens: false);

    /// <summary>A megabyte whose words have been seen.</summary>
    [Benchmark]
    public int[] EncodeWarm() => warm.Encode(text, matchAddedTokens: false);

    /// <summary>The same, with added tokens looked for.</summary>
    [Benchmark]
    public int[] EncodeMarkup() => warm.Encode(text, matchAddedTokens: true);

    /// <summary>Ids back to text.</summary>
    [Benchmark]
    public string Decode() => warm.Decode(ids);

    private static Tokenizer Load() => Tokenizer.Load(RepositoryFiles.PathOf("models", "deepseek-v4", "tokenizer.json"));
}
