namespace Fathom.Server.Errors;

/// <summary>A request that gets an error for its answer.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="type">OpenAI's word for the kind of error.</param>
/// <param name="message">One sentence: what was wrong, where, what to do.</param>
internal sealed class ApiException(int status, string type, string message) : Exception(message)
{
    public const string InvalidRequest = "invalid_request_error";

    /// <summary>HTTP status.</summary>
    public int Status => status;

    /// <summary>OpenAI's word for the kind of error.</summary>
    public string Type => type;

    /// <summary>OpenAI's code; null for none.</summary>
    public string? Code { get; init; }

    /// <summary>The field that is wrong; null when it is not a field.</summary>
    public string? Field { get; init; }

    /// <summary>Seconds after which another try makes sense; null for none.</summary>
    public int? RetryAfter { get; init; }

    public static ApiException BadField(string field, string message) => new(400, InvalidRequest, message) { Field = field, Code = "invalid_value" };

    public static ApiException BadRequest(string message, string? code = null) => new(400, InvalidRequest, message) { Code = code };

    public static ApiException Stopping() => new(503, "server_error", "The server is stopping; try again later.") { Code = "overloaded", RetryAfter = 5 };

    public static ApiException ModelNotFound(string model, string served) =>
        new(404, InvalidRequest, $"The model '{model}' does not exist here; this server has '{served}'.") { Code = "model_not_found", Field = "model" };
}
