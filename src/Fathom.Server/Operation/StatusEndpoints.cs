using System.Text.Json.Nodes;
using Fathom.Inference;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Operation;

/// <summary>How the server is doing.</summary>
internal sealed class StatusEndpoints(AnswerService service)
{
    /// <summary>The version of Fathom.</summary>
    public static string Version { get; } = typeof(StatusEndpoints).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>GET /health.</summary>
    public static Task HealthAsync(HttpContext context) => Write(context, new JsonObject { ["status"] = "ok" });

    /// <summary>GET /version.</summary>
    public static Task VersionAsync(HttpContext context) => Write(context, new JsonObject { ["version"] = Version });

    /// <summary>GET /user/balance: DeepSeek's clients look at it.</summary>
    public static Task BalanceAsync(HttpContext context) => Write(context, new JsonObject { ["is_available"] = true, ["balance_infos"] = new JsonArray() });

    /// <summary>GET /props, as llama.cpp has it.</summary>
    public Task PropsAsync(HttpContext context) => Write(context, new JsonObject
    {
        ["default_generation_settings"] = new JsonObject { ["n_ctx"] = service.Model.ContextLength, ["temperature"] = 1.0, ["top_p"] = 1.0 },
        ["total_slots"] = service.Engine.MaxConcurrent,
        ["model_path"] = service.Options.ModelId,
        ["n_ctx"] = service.Model.ContextLength,
        ["build_info"] = $"fathom {Version}",
        ["chat_template"] = string.Empty,
    });

    /// <summary>GET /slots: numbers only, no texts.</summary>
    public Task SlotsAsync(HttpContext context)
    {
        EngineStatus status = service.Model.Status;
        return Write(context, new JsonObject
        {
            ["running"] = status.Running,
            ["waiting"] = status.Waiting,
            ["context_tokens"] = status.ContextTokens,
            ["slots"] = new JsonArray([.. status.Answers.Select(answer => (JsonNode)new JsonObject
            {
                ["id"] = answer.Id,
                ["state"] = answer.IsPrefilling ? "prefill" : "decode",
                ["prompt_tokens"] = answer.PromptTokens,
                ["done_tokens"] = answer.HeldTokens,
                ["answer_tokens"] = answer.AnswerTokens,
                ["tokens_per_second"] = Math.Round(answer.TokensPerSecond, 2),
            })]),
            ["cache"] = new JsonObject
            {
                ["memory_bytes"] = status.CacheBytes,
                ["memory_entries"] = status.CacheEntries,
                ["disk_bytes"] = status.FolderBytes,
                ["disk_entries"] = status.FolderEntries,
                ["prompt_tokens_read"] = status.PromptTokensRead,
                ["prompt_tokens_cached"] = status.PromptTokensCached,
            },
        });
    }

    private static Task Write(HttpContext context, JsonObject body) => context.Response.WriteAsJsonAsync(body, context.RequestAborted);
}
