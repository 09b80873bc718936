namespace Fathom.Model;

/// <summary>Reading tokens of any number with a model that takes only so many rows at once.</summary>
public static class LanguageModelReading
{
    /// <summary>Appends tokens to a session, chunk by chunk.</summary>
    /// <param name="model">The model.</param>
    /// <param name="session">One of its sessions.</param>
    /// <param name="tokens">At least one token id.</param>
    /// <param name="cancellation">Looked at between layers.</param>
    /// <returns>Logits of the last token, one row; valid until the next forward.</returns>
    /// <exception cref="ArgumentException">There are no tokens, or they do not fit the model or the session.</exception>
    public static Logits Read(this ILanguageModel model, ISession session, ReadOnlyMemory<int> tokens, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        for (; tokens.Length > model.MaxBatchRows; tokens = tokens[model.MaxBatchRows..])
            model.Forward(new Batch().Add(session, tokens[..model.MaxBatchRows], LogitRows.None), cancellation);
        return model.Forward(new Batch().Add(session, tokens), cancellation);
    }
}
