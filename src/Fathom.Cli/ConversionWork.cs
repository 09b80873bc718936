using System.Diagnostics;
using System.Globalization;
using System.Text;
using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Checkpoints.Gguf;
using Fathom.Cli.Commands;
using Fathom.Cli.Output;
using Fathom.Text;

namespace Fathom.Cli;

/// <summary>What commands that write models have in common: the tokenizer, the status line and the last word.</summary>
internal static class ConversionWork
{
    /// <summary>The tokenizer that goes into a GGUF file made of a checkpoint.</summary>
    /// <exception cref="TokenizerException">There is none, or it is not of this model.</exception>
    public static GgufVocabulary VocabularyOf(Checkpoint source)
    {
        if (source.Vocabulary is { } own) return own;
        string path = Path.Combine(source.Location, "tokenizer.json");
        if (!File.Exists(path)) throw new TokenizerException(path, "expected this file, because GGUF files carry the tokenizer, found none");
        byte[] json = File.ReadAllBytes(path);
        TokenizerLists lists = TokenizerLists.Parse(json, source.Config.VocabularySize, path);
        return new GgufVocabulary(lists.Tokens, lists.Kinds, lists.Merges, path) { Json = Encoding.UTF8.GetString(json), HasDraftBlockKeys = source.Config.HasDraftBlockKeys };
    }

    /// <summary>The tokenizer.json of a GGUF file: the one that it was made from, or one made from its lists.</summary>
    public static string TokenizerJsonOf(GgufVocabulary vocabulary) => vocabulary.Json ?? new TokenizerLists(vocabulary.Tokens, vocabulary.Kinds, vocabulary.Merges).ToJson();

    /// <summary>Does the work with a status line, and says what came out.</summary>
    /// <param name="work">Takes who hears the share that is done, and who hears news.</param>
    public static void Run(Func<IProgress<double>, IProgress<string>, ConversionResult> work)
    {
        var watch = Stopwatch.StartNew();
        using var line = new StatusLine();
        var progress = new StatusProgress(line, "writing");
        ConversionResult result;
        try
        {
            result = work(progress, progress);
        }
        catch (Exception exception) when (exception is OperationCanceledException || ErrorText.IsFullDisk(exception))
        {
            line.Say("What is done stays; the same command goes on with it.");
            throw;
        }

        line.Clear();
        string formats = string.Join(", ", result.Formats.OrderByDescending(format => format.Value).Select(format => $"{StoredTypes.NameOf(format.Key)} {InspectCommand.Bytes(format.Value)}"));
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Wrote {result.Places[0]}{(result.Places.Count > 1 ? $" and {result.Places.Count - 1} more files" : string.Empty)}: {InspectCommand.Bytes(result.Bytes)} in {watch.Elapsed.TotalSeconds:f1} s ({formats})."));
        foreach (string note in result.Notes) Console.Out.WriteLine(note);
    }
}
