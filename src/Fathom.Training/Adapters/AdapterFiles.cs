using System.Text.Json;
using Fathom.Training.Network;

namespace Fathom.Training.Adapters;

/// <summary>Adapters in PEFT's layout: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> (training specification, section 5).</summary>
internal static class AdapterFiles
{
    private const string Prefix = "base_model.model.";
    private const string ConfigFile = "adapter_config.json";
    private const string WeightsFile = "adapter_model.safetensors";

    /// <summary>Writes both files; each appears when it is complete.</summary>
    public static void Write(string folder, LowRankAdapters adapters, int rank, double alpha, IReadOnlyList<string> modules, string baseModel)
    {
        Directory.CreateDirectory(folder);
        using (var writer = new SafetensorsWriter(Path.Combine(folder, WeightsFile), [.. adapters.Tensors.Select(pair => (Prefix + pair.Key, StoredType.F32, pair.Value.shape))]))
        {
            foreach (Tensor tensor in adapters.Tensors.Values) writer.Write(tensor.ToBytes());
            writer.Complete();
        }

        AtomicFile.Write(Path.Combine(folder, ConfigFile), JsonSerializer.Serialize(
            new Dictionary<string, object?>
            {
                ["peft_type"] = "LORA",
                ["task_type"] = "CAUSAL_LM",
                ["base_model_name_or_path"] = baseModel,
                ["r"] = rank,
                ["lora_alpha"] = alpha,
                ["lora_dropout"] = 0.0,
                ["target_modules"] = modules,
                ["bias"] = "none",
                ["fan_in_fan_out"] = false,
                ["inference_mode"] = true,
            },
            Indented));
    }

    /// <summary>Reads adapters.</summary>
    /// <exception cref="InvalidDataException">The folder holds no LoRA of PEFT's layout.</exception>
    public static LowRankAdapters Read(string folder)
    {
        string path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path)) throw new InvalidDataException($"{folder} has no {ConfigFile}; name a folder with an adapter.");
        double scale;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement root = document.RootElement;
            bool isFitting = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("peft_type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("LORA");
            if (!isFitting || !root.TryGetProperty("r", out JsonElement rank) || !root.TryGetProperty("lora_alpha", out JsonElement alpha) || rank.ValueKind != JsonValueKind.Number || alpha.ValueKind != JsonValueKind.Number || !(rank.GetDouble() >= 1))
                throw new InvalidDataException($"{path} describes no LoRA: peft_type must be LORA, and r and lora_alpha numbers.");
            if (root.TryGetProperty("use_dora", out JsonElement dora) && dora.ValueKind == JsonValueKind.True) throw new InvalidDataException($"{path} is a DoRA adapter, which cannot be merged here; only plain LoRA can.");
            bool isRankStabilised = root.TryGetProperty("use_rslora", out JsonElement stabilised) && stabilised.ValueKind == JsonValueKind.True;
            scale = alpha.GetDouble() / (isRankStabilised ? Math.Sqrt(rank.GetDouble()) : rank.GetDouble());
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path} is no JSON: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }

        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (StoredTensor stored in file.Tensors)
        {
            if (!stored.Name.StartsWith(Prefix, StringComparison.Ordinal) || stored.Shape.Count != 2)
                throw new InvalidDataException($"{folder}: '{stored.Name}' is not of PEFT's LoRA layout, {Prefix}MODULE.lora_A.weight and lora_B.weight.");
            tensors.Add(stored.Name[Prefix.Length..], tensor(stored.ToFloats()).reshape([.. stored.Shape]));
        }

        return LowRankAdapters.From(tensors, scale);
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
}
