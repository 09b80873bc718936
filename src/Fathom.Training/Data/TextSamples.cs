using Fathom.Text;
using Fathom.Training.Run;

namespace Fathom.Training.Data;

/// <summary>Texts cut into pieces as long as a stage allows; every token is learnt. A piece that begins a text starts with the begin token, one that ends it closes with the end token.</summary>
internal sealed class TextSamples : ISampleSource
{
    private readonly List<int[]> texts;
    private readonly long seed;
    private (int Tokens, List<(int Text, int First)> Pieces, Shuffle Order)? cut;

    /// <summary>Encodes the texts.</summary>
    /// <exception cref="InvalidDataException">There are none.</exception>
    public TextSamples(Tokenizer tokenizer, IEnumerable<string> source, string path, long seed)
    {
        int begin = tokenizer.FindAddedToken(Markup.Bos)!.Value, end = tokenizer.FindAddedToken(Markup.Eos)!.Value;
        texts = [.. source.Select(text => (int[])[begin, .. tokenizer.Encode(text, matchAddedTokens: false), end])];
        if (texts.Count == 0) throw new InvalidDataException($"{path} holds no text to train on.");
        this.seed = seed;
    }

    /// <inheritdoc/>
    public Sample Create(long number, TrainStage stage)
    {
        int tokens = stage.SampleTokens;
        if (cut is not { } pieces || pieces.Tokens != tokens)
        {
            List<(int Text, int First)> all = [.. texts.SelectMany((text, i) => Enumerable.Range(0, (text.Length + tokens - 1) / tokens).Select(piece => (i, piece * tokens)))];
            cut = pieces = (tokens, all, new Shuffle(all.Count, seed));
        }

        (int of, int first) = pieces.Pieces[pieces.Order[number]];
        int[] ids = texts[of][first..Math.Min(texts[of].Length, first + tokens)];
        return new Sample.Builder().Add(ids, 1f).Build();
    }
}
