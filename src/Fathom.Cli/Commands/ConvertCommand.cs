using System.CommandLine;
using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Cli.Arguments;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom convert</c>: a folder of the official layout into a GGUF file, or back.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "A checkpoint folder, a .gguf file (any part of a split one), or the owner/name of a pulled model." };
        var destination = new Argument<string>("DEST") { Description = "What to make: a .gguf file of a folder, a new folder of a .gguf file." };
        var gguf = new GgufArguments(MatrixFormat.BF16);
        var command = new Command("convert", "Turn a checkpoint of the official layout into a GGUF file, or a GGUF file into the official layout. FP4 experts become MXFP4 blocks without loss, and back.\n\nExamples:\n  fathom convert DeepSeek-V4-Flash flash.gguf\n  fathom convert flash.gguf DeepSeek-V4-Flash") { source, destination };
        gguf.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            string from = ModelLocation.Resolve(parsed.GetValue(source)), to = parsed.GetValue(destination)!;
            using Checkpoint checkpoint = Checkpoint.Open(from);
            bool isToFile = Path.GetExtension(to).Equals(".gguf", StringComparison.OrdinalIgnoreCase);
            if (isToFile == Checkpoint.IsGguf(from)) throw new ArgumentException(isToFile ? "Both are GGUF files; name a new folder as DEST." : "Both are folders; name a file that ends in .gguf as DEST.");
            GgufOptions options = gguf.Read(parsed);
            ConversionWork.Run(progress => isToFile
                ? GgufConversion.Write(checkpoint, to, ConversionWork.VocabularyOf(checkpoint), options, progress, cancellation)
                : FolderConversion.Write(checkpoint, to, ConversionWork.TokenizerJsonOf(checkpoint.Vocabulary!), progress, cancellation));
            return Task.FromResult(0);
        });
        return command;
    }
}
