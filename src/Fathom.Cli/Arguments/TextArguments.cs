using System.CommandLine;

namespace Fathom.Cli.Arguments;

/// <summary>Options that say which text a measurement reads, and in which windows.</summary>
internal sealed class TextArguments
{
    private readonly Option<FileInfo> text = new("--text") { Description = "The text to read, UTF-8.", Required = true };
    private readonly Option<int> context = new("--context") { Description = "Tokens of a window; each begins anew.", DefaultValueFactory = _ => 2048 };
    private readonly Option<int?> tokens = new("--tokens") { Description = "Read so many tokens only." };
    private readonly Option<bool> markup = new("--markup") { Description = "Take markup in the text, such as <think>, as the tokens that it stands for." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(text);
        command.Options.Add(context);
        command.Options.Add(tokens);
        command.Options.Add(markup);
    }

    /// <summary>Tokens of a window.</summary>
    public int Context(ParseResult parsed) => parsed.GetValue(context) is >= 2 and var value ? value : throw new ArgumentException("--context must be at least 2.");

    /// <summary>The text's file.</summary>
    public string File(ParseResult parsed) => parsed.GetValue(text)!.FullName;

    /// <summary>The text as tokens of a model.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public int[] Tokens(ParseResult parsed, string model)
    {
        if (parsed.GetValue(tokens) is < 1 and var none) throw new ArgumentException($"--tokens must be at least 1, not {none}.");
        int[] ids = TokenizerLocation.Open(model).Encode(InputText.Read(File(parsed)), parsed.GetValue(markup));
        if (parsed.GetValue(tokens) is { } most) ids = ids[..Math.Clamp(most, 0, ids.Length)];
        return ids.Length > 0 ? ids : throw new ArgumentException("The text has no tokens; there is nothing to measure.");
    }
}
