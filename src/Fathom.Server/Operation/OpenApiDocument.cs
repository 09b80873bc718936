using System.Text.Json.Nodes;

namespace Fathom.Server.Operation;

/// <summary>The OpenAPI document of the server: its paths, what they take in short, and their errors. The bodies are those of the named services.</summary>
internal static class OpenApiDocument
{
    private sealed record Route(string Path, string Method, string Summary, string? Needs = null);

    private static readonly Route[] Routes =
    [
        new("/v1/chat/completions", "post", "Chat completion in OpenAI's dialect; streams with stream: true", "messages"),
        new("/v1/completions", "post", "Goes on from a text; with suffix it fills in the middle", "prompt"),
        new("/v1/responses", "post", "Response in OpenAI's dialect, without stored conversations", "input"),
        new("/v1/messages", "post", "Message in Anthropic's dialect; streams with stream: true", "messages"),
        new("/v1/messages/count_tokens", "post", "Counts the tokens of a prompt", "messages"),
        new("/v1/models", "get", "The names of the served model"),
        new("/v1/models/{id}", "get", "One name of the served model"),
        new("/tokenize", "post", "Text or messages as tokens", "content"),
        new("/detokenize", "post", "Tokens as text", "tokens"),
        new("/apply-template", "post", "The prompt of a conversation", "messages"),
        new("/health", "get", "Whether the server answers"),
        new("/ready", "get", "Whether the model is loaded"),
        new("/version", "get", "The version of Fathom"),
        new("/metrics", "get", "Counters and measurements for Prometheus"),
        new("/props", "get", "Settings of the server"),
        new("/slots", "get", "Running answers and kept beginnings, numbers only"),
    ];

    /// <summary>Makes it.</summary>
    public static JsonObject Create()
    {
        var paths = new JsonObject();
        foreach (Route route in Routes)
        {
            var operation = new JsonObject
            {
                ["summary"] = route.Summary,
                ["operationId"] = route.Method + string.Concat(route.Path.Split('/', '_', '-', '{', '}').Select(part => part.Length == 0 ? string.Empty : char.ToUpperInvariant(part[0]) + part[1..])),
                ["responses"] = new JsonObject
                {
                    ["200"] = new JsonObject { ["description"] = "Done" },
                    ["default"] = new JsonObject
                    {
                        ["description"] = "An error",
                        ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Error" } } },
                    },
                },
            };
            if (route.Path.Contains('{', StringComparison.Ordinal))
                operation["parameters"] = new JsonArray(new JsonObject { ["name"] = "id", ["in"] = "path", ["required"] = true, ["schema"] = new JsonObject { ["type"] = "string" } });
            if (route.Needs is { } field)
            {
                operation["requestBody"] = new JsonObject
                {
                    ["required"] = true,
                    ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "object", ["required"] = new JsonArray(field), ["properties"] = new JsonObject { [field] = new JsonObject() } } } },
                };
            }

            paths[route.Path] = new JsonObject { [route.Method] = operation };
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Fathom", ["version"] = StatusEndpoints.Version, ["description"] = "DeepSeek V4 on your own hardware." },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject
                {
                    ["Error"] = new JsonObject
                    {
                        ["type"] = "object",
                        ["properties"] = new JsonObject { ["error"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["message"] = new JsonObject { ["type"] = "string" }, ["type"] = new JsonObject { ["type"] = "string" } } } },
                    },
                },
                ["securitySchemes"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
            },
        };
    }
}
