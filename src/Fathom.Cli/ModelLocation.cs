using Fathom.Checkpoints;
using Fathom.Hub;
using Fathom.Hub.Store;

namespace Fathom.Cli;

/// <summary>Finds the model folder that a command works on. It never fetches one.</summary>
internal static class ModelLocation
{
    /// <summary>The folder of the model that ships with Fathom.</summary>
    public static string BuiltIn => Path.Combine(AppContext.BaseDirectory, "models", "builtin");

    /// <summary>The folder or .gguf file that the user named, by its path or as a pulled model's <c>owner/name[@revision]</c>; or the built-in model.</summary>
    /// <exception cref="DirectoryNotFoundException">There is neither.</exception>
    /// <exception cref="HubException">The pulled model is not whole.</exception>
    public static string Resolve(string? path)
    {
        if (path is null) return BuiltIn;
        if (File.Exists(path) && Path.GetFileName(path) == "config.json") path = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (Directory.Exists(path) || Checkpoint.IsGguf(path)) return path;
        if (!TrySplit(path, out ModelName? name, out string? file))
            throw new DirectoryNotFoundException($"There is no model {path}; name a folder with config.json, tokenizer.json and safetensors files, or a .gguf file.");
        var store = new ModelStore();
        StoredModel model = store.Find(name) ?? throw new DirectoryNotFoundException($"There is no folder {path}, and no model of this name was pulled; fetch it with 'fathom pull {name}'.");
        return InStore(store, model, name, file);
    }

    /// <summary>The repository that a text names, when it is no path; null otherwise.</summary>
    public static ModelName? RepositoryOf(string path) => !Path.Exists(path) && TrySplit(path, out ModelName? name, out _) ? name : null;

    private static string InStore(ModelStore store, StoredModel model, ModelName name, string? file)
    {
        if (store.MissingFiles(model) is [var missing, ..])
            throw new HubException(HubProblem.Store, $"{missing.Path} of {name} is missing in {store.FolderOf(model)}; fetch it with 'fathom pull {name}'.");
        StoredFile[] containers = [.. model.Files.Where(stored => stored.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))];
        if (file is not null)
            return model.Files.FirstOrDefault(stored => stored.Path == file) is { } named ? store.PathOf(model, named) : throw new FileNotFoundException($"{name} has no file {file} here; see 'fathom models show {name}'.");
        if (containers.Length == 0 || model.Files.Any(stored => stored.Path == "config.json" && model.Files.Any(other => other.Path.EndsWith(".safetensors", StringComparison.Ordinal)))) return store.FolderOf(model);

        // The parts of one split file differ in their numbers alone, and any part opens all.
        if (containers.Select(stored => WithoutPart(stored.Path)).Distinct(StringComparer.Ordinal).Count() == 1) return store.PathOf(model, containers[0]);
        throw new ArgumentException($"{name} has {containers.Length} .gguf files; name one, such as {model.Repository}{(name.Revision == ModelName.DefaultRevision ? string.Empty : $"@{name.Revision}")}:{containers[0].Path}.");
    }

    // owner/name[@revision][:file.gguf]
    private static bool TrySplit(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ModelName? name, out string? file)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        file = colon < 0 ? null : text[(colon + 1)..];
        return ModelName.TryParse(colon < 0 ? text : text[..colon], out name);
    }

    private static string WithoutPart(string path)
    {
        int of = path.LastIndexOf("-of-", StringComparison.Ordinal);
        int dash = of > 0 ? path.LastIndexOf('-', of - 1) : -1;
        return dash < 0 ? path : path[..dash];
    }
}
