using System.Text.Json.Nodes;
using Fathom.Inference;
using Fathom.Model.Streaming;
using Fathom.Text;
using Fathom.Text.Grammars;
using Microsoft.AspNetCore.Http;

namespace Fathom.Server.Errors;

/// <summary>Errors in each dialect's words (interface specification, section 8.1).</summary>
internal static class ErrorBodies
{
    /// <summary>What an exception means to a client; null when it is a defect of ours.</summary>
    public static ApiException? Of(Exception exception, Dialect dialect) => exception switch
    {
        ApiException known => known,
        ContextLengthException tooLong => ApiException.BadRequest(
            dialect == Dialect.Anthropic
                ? $"prompt is too long: {tooLong.PromptTokens} tokens > {tooLong.ContextTokens} maximum"
                : $"This model's maximum context length is {tooLong.ContextTokens} tokens, but the prompt has {tooLong.PromptTokens} tokens. Please shorten it.",
            "context_length_exceeded"),
        QueueFullException full => dialect == Dialect.Anthropic
            ? new ApiException(529, "overloaded_error", $"Overloaded: {full.Message}") { RetryAfter = 5 }
            : new ApiException(429, "rate_limit_error", full.Message) { Code = "rate_limit_exceeded", RetryAfter = 5 },
        ChatFormatException or ArgumentException or GrammarException => ApiException.BadRequest(exception.Message),
        BadHttpRequestException bad => new ApiException(bad.StatusCode, ApiException.InvalidRequest, bad.StatusCode == 413 ? "The request is too large; send less text, or raise the server's limit." : "The request could not be read: " + bad.Message),
        ExpertReadException => new ApiException(500, "server_error", "The model's weights could not be read from disk, so this answer ended; the server's log names the file. Try again, or tell whoever runs the server."),
        ObjectDisposedException => ApiException.Stopping(),
        _ => null,
    };

    /// <summary>The error for something that is our own fault.</summary>
    public static ApiException Defect(string requestId) => new(500, "server_error", $"Something went wrong inside the server; its log has the details under {requestId}.");

    /// <summary>The body of an error.</summary>
    public static JsonObject Body(ApiException error, Dialect dialect, string requestId) => dialect == Dialect.Anthropic
        ? new JsonObject { ["type"] = "error", ["error"] = new JsonObject { ["type"] = AnthropicType(error), ["message"] = error.Message }, ["request_id"] = requestId }
        : new JsonObject { ["error"] = new JsonObject { ["message"] = error.Message, ["type"] = error.Type, ["param"] = error.Field, ["code"] = error.Code } };

    private static string AnthropicType(ApiException error) => error.Status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 or 529 => "overloaded_error",
        >= 500 => "api_error",
        _ => ApiException.InvalidRequest,
    };
}
