using System.CommandLine;
using System.Globalization;
using Fathom.Checkpoints.Conversion;

namespace Fathom.Cli.Arguments;

/// <summary>Options of commands that write GGUF files.</summary>
internal sealed class GgufArguments(MatrixFormat matrixFormat)
{
    private const long LeastPartBytes = 1_000_000;

    private readonly Option<MatrixFormat> matrices = new("--matrices") { Description = "What matrices outside the experts become in GGUF: bf16, FP8 exactly and others as they are; q80 (Q8_0), rounded and half as large; or f32, with all that is not quantised in 32 bits.", DefaultValueFactory = _ => matrixFormat };
    private readonly Option<string?> splitSize = new("--split-size") { HelpName = "SIZE", Description = "Most bytes of one file, such as 4GB or 500MB; what has more becomes NAME-00001-of-0000N.gguf and so on." };
    private readonly Option<bool> prediction = new("--mtp") { Description = "Take the multi-token-prediction block in; other engines may refuse files with it." };

    private readonly Option<bool> force = new("--force") { Description = "Replace what DEST names when it exists. The source is never replaced." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(matrices);
        command.Options.Add(splitSize);
        command.Options.Add(prediction);
        command.Options.Add(force);
    }

    /// <summary>What the user asked for.</summary>
    /// <exception cref="ArgumentException">The size is none.</exception>
    public GgufOptions Read(ParseResult parsed) => new()
    {
        Matrices = parsed.GetValue(matrices),
        MultiTokenPrediction = parsed.GetValue(prediction),
        MayReplace = parsed.GetValue(force),
        PartBytes = parsed.GetValue(splitSize) is { } size ? PartBytes(size) : null,
    };

    private static long PartBytes(string text)
    {
        string size = text.ToUpperInvariant().TrimEnd('B');
        (string number, double unit) = size switch
        {
            [.., 'G'] => (size[..^1], 1e9),
            [.., 'M'] => (size[..^1], 1e6),
            _ => (size, 1),
        };
        double bytes = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) ? value * unit : -1;
        return bytes is >= LeastPartBytes and < long.MaxValue ? (long)bytes : throw new ArgumentException($"--split-size takes a size of at least 1MB, such as 4GB or 500MB, not '{text}'.");
    }
}
