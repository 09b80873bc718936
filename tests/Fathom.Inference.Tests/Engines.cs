using Fathom.Model;
using Fathom.Text;

namespace Fathom.Inference.Tests;

/// <summary>Models and helpers that the engine's tests share.</summary>
internal static class Engines
{
    /// <summary>The random model of the tests: its answers never end, and say as much as noise can.</summary>
    public static FathomModel Random(EngineOptions? engine = null, int maxBatchRows = 1024) =>
        FathomModel.Open(Repository.PathOf("tests", "models", "random"), new FathomModelOptions { Engine = engine ?? new EngineOptions(), Model = new V4ModelOptions { MaxBatchRows = maxBatchRows } });

    public static ChatOptions Greedy(int? maxTokens, string space = "") => new()
    {
        CacheSpace = space,
        Generation = new GenerationOptions { MaxTokens = maxTokens, IgnoresEnd = true, Sampling = new SamplingOptions { Temperature = 0 } },
    };

    public static async Task<List<CompletionEvent>> Collect(IAsyncEnumerable<CompletionEvent> events)
    {
        var all = new List<CompletionEvent>();
        await foreach (CompletionEvent happened in events) all.Add(happened);
        return all;
    }

    public static async Task<GenerationCompleted> Complete(Answer answer, CancellationToken cancellation = default) => (GenerationCompleted)(await Collect(answer.RunAsync(cancellation)))[^1];

    /// <summary>Tokens that mean nothing, the same for the same seed.</summary>
    public static int[] Tokens(FathomModel model, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(10, model.Tokenizer.VocabularySize - 10))];
    }

    /// <summary>A folder that is deleted at the end.</summary>
    public sealed class Folder : IDisposable
    {
        public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"fathom-{Guid.NewGuid():N}");

        public string[] Files(string pattern = "*.fathom-prefix") => Directory.Exists(Path) ? Directory.GetFiles(Path, pattern) : [];

        public void Dispose()
        {
            if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
        }
    }
}
