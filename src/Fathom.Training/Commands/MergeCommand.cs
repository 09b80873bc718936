using System.CommandLine;
using Fathom.Inference;
using Fathom.Training.Libtorch;
using Fathom.Training.Run;

namespace Fathom.Training.Commands;

/// <summary><c>merge</c>: writes a checkpoint and its adapter as one checkpoint in the official layout.</summary>
internal static class MergeCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "The checkpoint that was adapted: its folder, or the owner/name of a pulled model.", Required = true };
        var adapter = new Option<DirectoryInfo>("--adapter") { Description = "A folder with adapter_config.json and adapter_model.safetensors.", Required = true };
        var output = new Option<DirectoryInfo>("--out") { Description = "The folder to write; it must not hold a checkpoint yet.", Required = true };
        var command = new Command("merge", "Write a checkpoint and its adapter as one checkpoint in the official layout (FP4 and FP8).\n\nExample:\n  fathom train merge --model base --adapter out/adapter --out merged") { model, adapter, output };
        command.SetAction(parsed =>
        {
            LibtorchLoader.Prepare();
            string from = ModelPath.Resolve(parsed.GetValue(model)!), to = parsed.GetValue(output)!.FullName, tokenizer = Path.Combine(from, "tokenizer.json");
            if (Directory.Exists(to) && Directory.EnumerateFileSystemEntries(to).Any()) throw new InvalidDataException($"{to} is not empty; name a new folder.");
            using Trainable merged = Trainable.Merged(from, parsed.GetValue(adapter)!.FullName);
            Exporter.Write(to, merged.Config, merged.Parameters, File.Exists(tokenizer) ? tokenizer : null);
            Console.Out.WriteLine($"Wrote {to}.");
        });
        return command;
    }
}
