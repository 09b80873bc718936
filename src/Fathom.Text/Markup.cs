namespace Fathom.Text;

/// <summary>The literal texts of V4's markup (chat specification, sections 1.3 and 2). The bar is U+FF5C, the low line U+2581.</summary>
public static class Markup
{
    /// <summary>Begins a prompt.</summary>
    public const string Bos = "<｜begin▁of▁sentence｜>";

    /// <summary>Ends an assistant message.</summary>
    public const string Eos = "<｜end▁of▁sentence｜>";

    /// <summary>Begins a user turn.</summary>
    public const string User = "<｜User｜>";

    /// <summary>Begins an assistant turn.</summary>
    public const string Assistant = "<｜Assistant｜>";

    /// <summary>Begins a system message in V4.1.</summary>
    public const string System = "<｜System｜>";

    /// <summary>Stands for an image in V4.1.</summary>
    public const string Image = "<｜deepseek_image｜>";

    /// <summary>Begins a reminder of date, place and the like.</summary>
    public const string LatestReminder = "<｜latest_reminder｜>";

    /// <summary>Begins the reasoning.</summary>
    public const string ThinkStart = "<think>";

    /// <summary>Ends the reasoning; alone it says that there is none.</summary>
    public const string ThinkEnd = "</think>";

    /// <summary>The token inside tool-call tags.</summary>
    public const string Dsml = "｜DSML｜";

    /// <summary>Begins a fill-in-the-middle prompt, before the prefix.</summary>
    public const string FimBegin = "<｜fim▁begin｜>";

    /// <summary>Stands where the middle is missing.</summary>
    public const string FimHole = "<｜fim▁hole｜>";

    /// <summary>Ends a fill-in-the-middle prompt.</summary>
    public const string FimEnd = "<｜fim▁end｜>";

    /// <summary>Names of the one-token tasks (section 2.9).</summary>
    public static IReadOnlyList<string> Tasks { get; } = ["action", "query", "authority", "domain", "title", "read_url"];

    /// <summary>The token of a task.</summary>
    public static string TaskToken(string task) => $"<｜{task}｜>";

    /// <summary>A fill-in-the-middle prompt: the model writes what stands between (section 2.11).</summary>
    /// <param name="prefix">Text before the hole.</param>
    /// <param name="suffix">Text after the hole.</param>
    public static IReadOnlyList<PromptSpan> FillInTheMiddle(string prefix, string suffix) =>
    [
        PromptSpan.Markup(Bos + FimBegin), PromptSpan.Content(prefix), PromptSpan.Markup(FimHole), PromptSpan.Content(suffix), PromptSpan.Markup(FimEnd),
    ];
}
