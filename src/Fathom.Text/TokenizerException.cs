namespace Fathom.Text;

/// <summary>A tokenizer.json is damaged or not V4's kind. The message is one sentence that a user can act on.</summary>
public sealed class TokenizerException : Exception
{
    /// <summary>Describes a defect.</summary>
    /// <param name="file">The file at fault.</param>
    /// <param name="problem">What was expected and what was found.</param>
    /// <param name="inner">The error below, when there is one.</param>
    public TokenizerException(string file, string problem, Exception? inner = null)
        : base($"{file}: {problem}; fetch the model's tokenizer.json again.", inner) => File = file;

    /// <summary>The file at fault.</summary>
    public string File { get; }
}
