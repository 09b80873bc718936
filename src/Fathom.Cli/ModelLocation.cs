using Fathom.Checkpoints;

namespace Fathom.Cli;

/// <summary>Finds the model folder that a command works on.</summary>
internal static class ModelLocation
{
    /// <summary>The folder of the model that ships with Fathom.</summary>
    public static string BuiltIn => Path.Combine(AppContext.BaseDirectory, "models", "builtin");

    /// <summary>The folder or .gguf file that the user named, or the built-in model.</summary>
    /// <exception cref="DirectoryNotFoundException">There is neither.</exception>
    public static string Resolve(string? path)
    {
        if (path is null) return BuiltIn;
        if (File.Exists(path) && Path.GetFileName(path) == "config.json") path = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(path) || Checkpoint.IsGguf(path)
            ? path
            : throw new DirectoryNotFoundException($"There is no model {path}; name a folder with config.json, tokenizer.json and safetensors files, or a .gguf file.");
    }
}
