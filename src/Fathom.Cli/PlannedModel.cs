using Fathom.Checkpoints;
using Fathom.Evaluation.Planning;
using Fathom.Model.Streaming;
using Fathom.Text;

namespace Fathom.Cli;

/// <summary>A model as <c>fathom plan</c> looks at it: a checkpoint, or a config.json that stands for one in the official layout.</summary>
/// <param name="Name">What the user sees.</param>
/// <param name="Path">Folder or GGUF file; null for a config alone.</param>
/// <param name="Config">The architecture.</param>
/// <param name="Stored">Its weights.</param>
/// <param name="Files">Its files; none for a config alone.</param>
internal sealed record PlannedModel(string Name, string? Path, V4Config Config, StoredBytes Stored, string[] Files)
{
    /// <summary>Looks at a model, or at a config alone when one is named.</summary>
    public static PlannedModel Open(string? model, string? configFile)
    {
        if (configFile is not null)
        {
            V4Config config = V4Config.Read(configFile);
            return new PlannedModel(configFile, null, config, StoredBytes.OfOfficialLayout(config), []);
        }

        string path = ModelLocation.Resolve(model);
        using Checkpoint checkpoint = Checkpoint.Open(path, looksAtExperts: false);
        return new PlannedModel(path, path, checkpoint.Config, StoredBytes.Of(checkpoint), [.. checkpoint.Tensors.Select(tensor => tensor.File).Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>All files that stand for the model, which a report must not replace.</summary>
    public IEnumerable<string> Inputs => Path is null ? [Name] : Directory.Exists(Path) ? Files.Concat(Directory.EnumerateFiles(Path)) : Files;

    /// <summary>How memory is divided; null when the budget is too small.</summary>
    public MemoryPlan? Divide(long? budget, long available, MemoryReserve reserve)
    {
        try
        {
            return MachineMemory.Divide(Config, Stored.Sizes, budget, available, reserve);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Tokens of a text; a text that is too short is read again. Random ones where that is asked or the model has no tokenizer.</summary>
    /// <param name="file">The text; null for one of Fathom's own.</param>
    /// <param name="tokens">How many.</param>
    /// <param name="isRandom">Whether random tokens are wanted.</param>
    public int[] Sample(string? file, int tokens, bool isRandom)
    {
        if (tokens == 0) return [];
        int[] ids = isRandom ? [] : Tokenize(file is null ? SampleText.Value : InputText.Read(file));
        var random = new Random(1);
        return [.. Enumerable.Range(0, tokens).Select(i => ids.Length > 0 ? ids[i % ids.Length] : random.Next(Config.VocabularySize))];
    }

    private int[] Tokenize(string text)
    {
        try
        {
            return [.. TokenizerLocation.Open(Path).Encode(text, matchAddedTokens: false).Where(id => id < Config.VocabularySize)];
        }
        catch (TokenizerException)
        {
            return [];
        }
    }
}
