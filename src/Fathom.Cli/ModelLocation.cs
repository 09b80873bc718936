using Fathom.Inference;

namespace Fathom.Cli;

/// <summary>Finds the model that a command works on. It never fetches one.</summary>
internal static class ModelLocation
{
    /// <summary>The folder of the model that ships with Fathom.</summary>
    public static string BuiltIn => Path.Combine(AppContext.BaseDirectory, "models", "builtin");

    /// <summary>The folder or .gguf file that the user named, as <see cref="ModelPath"/> finds it; or the built-in model.</summary>
    /// <exception cref="ArgumentException">The name is empty, or says too little.</exception>
    public static string Resolve(string? model) => model switch
    {
        null => BuiltIn,
        "" => throw new ArgumentException("The name of the model is empty; name a folder, a .gguf file or a pulled model."),
        _ => ModelPath.Resolve(model),
    };
}
