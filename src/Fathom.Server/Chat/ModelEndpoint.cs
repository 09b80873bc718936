using System.Diagnostics;
using System.Text.Json.Nodes;
using Fathom.Checkpoints;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Model.Streaming;
using Fathom.Server.Operation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fathom.Server.Chat;

/// <summary>What the web chat shows about the model and the engine: numbers only.</summary>
internal sealed class ModelEndpoint(AnswerService service, bool keepsConversations)
{
    // The layout of a large model is counted once.
    private readonly Lazy<JsonObject?> layout = new(() => service.Model.Model is V4Model model ? Layout(model, service.Model.ContextLength) : null);

    /// <summary>Adds it to a server.</summary>
    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/web/status", context => context.Response.WriteAsJsonAsync(Status(), context.RequestAborted));
        app.MapGet("/web/model", context => context.Response.WriteAsJsonAsync(Model(), context.RequestAborted));
    }

    private JsonObject Status()
    {
        EngineStatus now = service.Model.Status;
        return new JsonObject
        {
            ["model"] = service.Options.ModelId,
            ["version"] = StatusEndpoints.Version,
            ["context_length"] = service.Model.ContextLength,
            ["thinks_by_default"] = service.Options.ThinksByDefault,
            ["keeps_conversations"] = keepsConversations,
            ["running"] = now.Running,
            ["waiting"] = now.Waiting,
            ["tokens_per_second"] = Math.Round(now.Answers.Sum(answer => answer.TokensPerSecond), 2),
            ["context_tokens"] = now.ContextTokens,
            ["memory_bytes"] = Environment.WorkingSet,
            ["cache_bytes"] = now.CacheBytes,
            ["cache_entries"] = now.CacheEntries,
            ["folder_bytes"] = now.FolderBytes,
            ["folder_entries"] = now.FolderEntries,
            ["prompt_tokens_read"] = now.PromptTokensRead,
            ["prompt_tokens_cached"] = now.PromptTokensCached,
        };
    }

    private JsonObject Model()
    {
        JsonObject status = Status();
        using var process = Process.GetCurrentProcess();
        status["managed_bytes"] = GC.GetTotalMemory(forceFullCollection: false);
        status["machine_bytes"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        status["cache_limit_bytes"] = service.Engine.CacheBytes;
        status["max_concurrent"] = service.Engine.MaxConcurrent;
        status["chat_format"] = service.Model.ChatFormat.ToString();
        status["processors"] = Environment.ProcessorCount;
        status["threads"] = (service.Model.Model as V4Model)?.Threads;
        status["layout"] = layout.Value?.DeepClone();
        status["streaming"] = (service.Model.Model as V4Model)?.Streaming is { } seen ? Streaming(seen) : null;
        return status;
    }

    private static JsonObject Layout(V4Model model, int contextTokens)
    {
        V4Config config = model.Config;
        var summary = new ModelSummary(config);
        var bytes = model.Checkpoint.Tensors.GroupBy(tensor => tensor.Type).OrderByDescending(group => group.Sum(tensor => tensor.ByteLength));
        return new JsonObject
        {
            ["layers"] = new JsonArray([.. Enumerable.Range(0, config.LayerCount).Select(layer => (JsonNode)new JsonObject
            {
                ["kind"] = KindOf(config, layer),
                ["compression"] = config.RatioOf(layer),
                ["hash_routed"] = config.IsHashLayer(layer),
            })]),
            ["hidden_size"] = config.HiddenSize,
            ["heads"] = config.HeadCount,
            ["head_dim"] = config.HeadDim,
            ["window"] = config.Window,
            ["experts"] = config.ExpertCount,
            ["experts_per_token"] = config.ExpertsPerToken,
            ["shared_experts"] = config.SharedExpertCount,
            ["vocabulary"] = config.VocabularySize,
            ["parameters"] = summary.MainParameters,
            ["active_parameters"] = summary.ActiveParameters,
            ["prediction_parameters"] = summary.PredictionParameters,
            ["weight_bytes"] = model.Checkpoint.TotalBytes,
            ["weight_formats"] = new JsonArray([.. bytes.Select(group => (JsonNode)new JsonObject { ["format"] = StoredTypes.NameOf(group.Key), ["bytes"] = group.Sum(tensor => tensor.ByteLength) })]),
            ["session_bytes"] = (long)summary.CacheBytes(model.CacheFormat, contextTokens) + summary.CompressorStateBytes,
            ["workspace_bytes"] = model.WorkspaceBytes,
            ["plan"] = Plan(model.MemoryPlan),
            ["profile"] = model.Profile.ToString().ToLowerInvariant(),
            ["parameters_by_group"] = new JsonArray([.. summary.ParametersByGroup.OrderByDescending(group => group.Value).Select(group => (JsonNode)new JsonObject { ["group"] = group.Key, ["count"] = group.Value })]),
        };
    }

    // What 'fathom plan' calls these parts.
    private static JsonObject Plan(MemoryPlan plan) => new()
    {
        ["is_streaming"] = plan.IsStreaming,
        ["budget_bytes"] = plan.Budget,
        ["total_bytes"] = plan.TotalBytes,
        ["resident_weight_bytes"] = plan.ResidentWeightBytes,
        ["cache_bytes"] = plan.CacheBytes,
        ["arena_bytes"] = plan.ArenaBytes,
        ["slots"] = plan.Slots,
        ["slot_bytes"] = plan.SlotBytes,
    };

    private static JsonObject Streaming(ExpertStreamStatistics seen) => new()
    {
        ["tokens"] = seen.Tokens,
        ["hit_rate"] = Math.Round(seen.HitRate, 4),
        ["bytes_per_token"] = Math.Round(seen.BytesPerToken),
        ["stall_seconds"] = Math.Round(seen.StallTime.TotalSeconds, 3),
        ["read_errors"] = seen.ReadErrors,
    };

    private static string KindOf(V4Config config, int layer) => config.KindOf(layer) switch
    {
        LayerKind.Csa => "CSA",
        LayerKind.Hca => "HCA",
        _ => "Window",
    };
}
