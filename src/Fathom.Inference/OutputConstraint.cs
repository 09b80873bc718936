namespace Fathom.Inference;

/// <summary>The form that one answer must have, followed token by token.</summary>
internal abstract class OutputConstraint
{
    /// <summary>Whether the answer may end here.</summary>
    public abstract bool CanEnd { get; }

    /// <summary>Whether the answer is complete and nothing may follow.</summary>
    public abstract bool MustEnd { get; }

    /// <summary>Marks the tokens that may come next, [vocabulary]; every element is set.</summary>
    public abstract void Allow(Span<bool> allowed);

    /// <summary>Goes on by a token.</summary>
    public abstract void Accept(int token);
}
