using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Streams;
using Fathom.Text;

namespace Fathom.Server.Chat.Attaching;

/// <summary>Gathers the notes about one part of documents; who follows the answer sees how far the part is read.</summary>
internal sealed class NotesWriter(RunningChatAnswer answer) : IAnswerWriter
{
    private ApiException? failure;
    private string? notes;

    /// <summary>The notes.</summary>
    /// <exception cref="ApiException">They were not made.</exception>
    public string Notes => notes ?? throw failure as Exception ?? new InvalidOperationException("The notes ended without their last event.");

    public Task StartAsync() => Task.CompletedTask;

    public Task WriteAsync(int choice, CompletionEvent happened)
    {
        if (happened is PrefillProgress progress) answer.TellProgress(progress);
        else if (happened is GenerationCompleted completed) notes = completed.Message.Content ?? string.Empty;
        return Task.CompletedTask;
    }

    public Task BeatAsync() => answer.BeatAsync();

    public Task EndAsync(IReadOnlyList<GenerationCompleted> completed) => Task.CompletedTask;

    public Task FailAsync(ApiException error)
    {
        failure = error;
        return Task.CompletedTask;
    }
}
