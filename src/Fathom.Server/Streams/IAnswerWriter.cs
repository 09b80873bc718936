using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Text;

namespace Fathom.Server.Streams;

/// <summary>Writes one request's answer in a dialect. Called in the order of the members, by one thread.</summary>
internal interface IAnswerWriter
{
    /// <summary>The request is admitted: headers and what comes before all text.</summary>
    Task StartAsync();

    /// <summary>Something happened in one of the answers.</summary>
    Task WriteAsync(int choice, CompletionEvent happened);

    /// <summary>Nothing happened for a while.</summary>
    Task BeatAsync();

    /// <summary>All answers are complete.</summary>
    Task EndAsync(IReadOnlyList<GenerationCompleted> completed);

    /// <summary>The answer failed after it had begun.</summary>
    Task FailAsync(ApiException error);
}
