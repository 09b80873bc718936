using Fathom.Checkpoints;
using Fathom.Hub;
using Fathom.Hub.Store;

namespace Fathom.Inference;

/// <summary>Finds a model by what a person calls it: a path, or the name under which it was pulled. Fetches nothing.</summary>
public static class ModelPath
{
    /// <summary>The folder or .gguf file of a model.</summary>
    /// <param name="model">A folder, its config.json or a .gguf file; or a pulled model's <c>owner/name[@revision][:file.gguf]</c>. What exists as a path comes first.</param>
    /// <exception cref="DirectoryNotFoundException">There is neither.</exception>
    /// <exception cref="HubException">The pulled model is not whole.</exception>
    /// <exception cref="FileNotFoundException">It has no file of this name, or the path is a file of another kind.</exception>
    /// <exception cref="ArgumentException">It has several .gguf files, and none is named.</exception>
    public static string Resolve(string model)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        if (File.Exists(model) && Path.GetFileName(model) == "config.json") model = Path.GetDirectoryName(Path.GetFullPath(model))!;
        if (Directory.Exists(model) || Checkpoint.IsGguf(model)) return model;
        if (File.Exists(model)) throw new FileNotFoundException($"{model} is a file, but no .gguf file; name one, or the folder that holds config.json, tokenizer.json and safetensors files.");
        if (!TrySplit(model, out ModelName? name, out string? file))
            throw new DirectoryNotFoundException($"There is no model {model}; name a folder with config.json, tokenizer.json and safetensors files, or a .gguf file.");
        var store = new ModelStore();
        StoredModel stored = store.Find(name) ?? throw new DirectoryNotFoundException($"There is no folder {model}, and no model of this name was pulled; fetch it with 'fathom pull {name}'.");
        return InStore(store, stored, name, file);
    }

    /// <summary>A short name for a model: that of its repository, or the last part of its path without .gguf.</summary>
    /// <param name="model">As for <see cref="Resolve"/>.</param>
    public static string NameOf(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!Path.Exists(model) && TrySplit(model, out ModelName? name, out _)) return name.Name;
        string last = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));
        return last.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? last[..^".gguf".Length] : last;
    }

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
