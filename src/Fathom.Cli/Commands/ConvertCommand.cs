using System.CommandLine;
using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Cli.Arguments;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom convert</c>: a folder of the official layout into a GGUF file or one with transformers-style names, or back.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "A checkpoint folder, a .gguf file (any part of a split one), or the owner/name of a pulled model." };
        var destination = new Argument<string>("DEST") { Description = "What to make: a .gguf file, or a new folder." };
        var names = new Option<TensorNaming>("--names") { Description = "What tensors are called in a new folder: official, or transformers (as copies that the transformers library wrote, experts in stacks).", DefaultValueFactory = _ => TensorNaming.Official };
        var gguf = new GgufArguments(MatrixFormat.BF16);
        var command = new Command("convert", "Turn a checkpoint of the official layout into a GGUF file, or a GGUF file into the official layout; FP4 experts become MXFP4 blocks without loss, and back. Or change between official and transformers-style names, with the same bytes. A stopped run is gone on with by the same command.\n\nExamples:\n  fathom convert DeepSeek-V4-Flash flash.gguf\n  fathom convert flash.gguf DeepSeek-V4-Flash\n  fathom convert DeepSeek-V4-Flash Flash-transformers --names transformers\n  fathom convert Flash-transformers DeepSeek-V4-Flash") { source, destination, names };
        gguf.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(destination)!.Length == 0) throw new ArgumentException("DEST is empty; name a .gguf file, or a new folder.");
            string from = ModelLocation.Resolve(parsed.GetValue(source)), to = parsed.GetValue(destination)!;
            using Checkpoint checkpoint = Checkpoint.Open(from);
            bool isToFile = Path.GetExtension(to).Equals(".gguf", StringComparison.OrdinalIgnoreCase), isFromFile = Checkpoint.IsGguf(from);
            TensorNaming naming = parsed.GetValue(names);
            if (isToFile && isFromFile) throw new ArgumentException("Both are GGUF files; name a new folder as DEST.");
            if (isToFile && naming != TensorNaming.Official) throw new ArgumentException("--names is about folders, and GGUF files have names of their own; name a new folder as DEST, or leave it out.");
            if (!isToFile && !isFromFile && checkpoint.Naming == naming) throw new ArgumentException(naming == TensorNaming.Official
                ? "Both are folders with official names; name a file that ends in .gguf as DEST, or add --names transformers."
                : "SOURCE has transformers-style names already; leave --names out for official ones, or name a file that ends in .gguf as DEST.");
            GgufOptions options = gguf.Read(parsed);
            ConversionWork.Run((progress, news) => (isToFile, isFromFile && naming == TensorNaming.Official) switch
            {
                (true, _) => GgufConversion.Write(checkpoint, to, ConversionWork.VocabularyOf(checkpoint), options, progress, news, cancellation),
                (_, true) => FolderConversion.Write(checkpoint, to, ConversionWork.TokenizerJsonOf(checkpoint.Vocabulary!), options.MayReplace, progress, news, cancellation),
                _ => NamingConversion.Write(checkpoint, to, naming, isFromFile ? ConversionWork.TokenizerJsonOf(checkpoint.Vocabulary!) : null, options.MayReplace, progress, news, cancellation),
            });
            return Task.FromResult(0);
        });
        return command;
    }
}
