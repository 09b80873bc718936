using System.CommandLine;
using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Cli.Arguments;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom quantize</c>: a GGUF file whose routed experts have few bits.</summary>
internal static class QuantizeCommand
{
    private static readonly string[] Names = [.. Quantization.Formats.Select(type => StoredTypes.NameOf(type).ToLowerInvariant())];

    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "A checkpoint folder, a .gguf file, or the owner/name of a pulled model." };
        var destination = new Argument<string>("DEST") { Description = "The .gguf file to make." };
        Option<string> experts = new("--experts") { HelpName = "FORMAT", Description = $"Format of the routed experts: {string.Join(", ", Names)}.", Required = true };
        Option<string?> down = new("--down") { HelpName = "FORMAT", Description = "Another format for the experts' down matrices (w2)." };
        var gguf = new GgufArguments(MatrixFormat.Q80);
        var imatrix = new Option<FileInfo?>("--imatrix") { Description = "Importance matrix of the same model, from 'fathom imatrix'." };
        var decoded = new Option<bool>("--decoded") { Description = "Store the rounded experts as 32-bit numbers: for measurements on models whose rows are shorter than a block." };
        var command = new Command("quantize", "Write a GGUF file with the routed experts in few bits. A stopped run is gone on with by the same command.\n\nExamples:\n  fathom quantize DeepSeek-V4-Flash flash-q4.gguf --experts q4_k\n  fathom quantize DeepSeek-V4-Flash flash-q2.gguf --experts iq2_xxs --down q2_k --imatrix flash.imatrix")
        {
            source, destination, experts, down, imatrix, decoded,
        };
        gguf.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string to = parsed.GetValue(destination)!;
            if (!Path.GetExtension(to).Equals(".gguf", StringComparison.OrdinalIgnoreCase)) throw new ArgumentException("DEST must end in .gguf; the official layout has no formats of few bits besides FP4.");
            GgufOptions file = gguf.Read(parsed);
            if (parsed.GetValue(imatrix) is { } named) InputText.Open(named.FullName).Dispose();
            using ImportanceFile? importance = parsed.GetValue(imatrix) is { } matrix ? ImportanceFile.Open(matrix.FullName) : null;
            var options = new QuantizationOptions
            {
                Experts = TypeOf(parsed.GetValue(experts)!, "--experts"),
                Down = parsed.GetValue(down) is { } name ? TypeOf(name, "--down") : null,
                Matrices = file.Matrices,
                MultiTokenPrediction = file.MultiTokenPrediction,
                PartBytes = file.PartBytes,
                MayReplace = file.MayReplace,
                Importance = importance,
                Decoded = parsed.GetValue(decoded),
            };
            using Checkpoint checkpoint = Checkpoint.Open(ModelLocation.Resolve(parsed.GetValue(source)));
            ConversionWork.Run((progress, news) => Quantization.Write(checkpoint, to, ConversionWork.VocabularyOf(checkpoint), options, progress, news, cancellation));
            return Task.FromResult(0);
        });
        return command;
    }

    private static StoredType TypeOf(string name, string option) => Array.IndexOf(Names, name.ToLowerInvariant()) is >= 0 and var index
        ? Quantization.Formats[index]
        : throw new ArgumentException($"{option} takes {string.Join(", ", Names)}, not '{name}'.");
}
