using Fathom.Text;

namespace Fathom.Server;

/// <summary>How the server answers.</summary>
public sealed record ServerOptions
{
    /// <summary>The address to listen on. Others than loopback need keys, or <see cref="AllowsAnyone"/>.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port; 0 takes a free one.</summary>
    public int Port { get; init; } = 11435;

    /// <summary>The name that the served model has for clients.</summary>
    public string ModelId { get; init; } = "fathom";

    /// <summary>Further names of it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = ["deepseek-v4-flash", "deepseek-v4-pro", "deepseek-flash", "deepseek-chat", "deepseek-reasoner"];

    /// <summary>Whether any name of a model is good.</summary>
    public bool AcceptsAnyModel { get; init; }

    /// <summary>Whether the model thinks when a request says nothing about it.</summary>
    public bool ThinksByDefault { get; init; } = true;

    /// <summary>The same for requests in Anthropic's dialect.</summary>
    public bool ThinksByDefaultForAnthropic { get; init; } = true;

    /// <summary>Tokens of reasoning after which the model must answer; null for no limit.</summary>
    public int? ReasoningBudget { get; init; }

    /// <summary>Tokens of an answer at most, whatever a request says; null for no limit but the context.</summary>
    public int? MaxAnswerTokens { get; init; }

    /// <summary>Whether answers that go round in circles are ended.</summary>
    public bool StopsRepetition { get; init; }

    /// <summary>Whether lines at the head of system texts that change with every request stay where they are.</summary>
    public bool KeepsVolatileLines { get; init; }

    /// <summary>Whether a requested form of reply is also written into the prompt, as the model was trained.</summary>
    public bool TellsResponseFormat { get; init; } = true;

    /// <summary>Bytes of a request's body at most.</summary>
    public long MaxBodyBytes { get; init; } = 64L << 20;

    /// <summary>A file of API keys; null for none, and then everybody who can connect may ask.</summary>
    public string? KeysFile { get; init; }

    /// <summary>Whether the server may listen beyond loopback without keys.</summary>
    public bool AllowsAnyone { get; init; }

    /// <summary>Names under which the server may be addressed, besides loopback's.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>Web pages of these origins may ask; <c>*</c> for all.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>A SQLite file that notes each request's tokens, time and price; null for none.</summary>
    public string? UsageFile { get; init; }

    /// <summary>A SQLite file that keeps the conversations of the web chat; null to keep them only while the server runs.</summary>
    public string? ChatsFile { get; init; }

    /// <summary>Whether documents stand in prompts of the web chat as their text alone, without headers, numbers and rules for citations: for small models that cannot cite.</summary>
    public bool PlainDocuments { get; init; }

    /// <summary>Bytes of one file that is attached in the web chat.</summary>
    public long MaxUploadFileBytes { get; init; } = 128L << 20;

    /// <summary>Bytes of all files that are attached in the web chat at one time.</summary>
    public long MaxUploadBytes { get; init; } = 512L << 20;

    /// <summary>Characters of all documents of one conversation of the web chat.</summary>
    public long MaxDocumentCharacters { get; init; } = 16L << 20;

    /// <summary>Bytes that the documents of one owner's conversations may take on disk; nothing more is attached beyond.</summary>
    public long MaxKeptDocumentBytes { get; init; } = 4L << 30;

    /// <summary>What the same tokens would cost elsewhere.</summary>
    public TokenPrices Prices { get; init; } = new();

    /// <summary>Whether texts of requests and answers go into the log.</summary>
    public bool LogsTexts { get; init; }

    /// <summary>Whether users that a client tells apart (<c>user_id</c>, <c>metadata.user_id</c>) share nothing that was computed.</summary>
    public bool IsolatesUsers { get; init; }

    /// <summary>Whether sampling options of requests count for nothing while the model thinks, as at DeepSeek's service.</summary>
    public bool IgnoresSamplingWhenThinking { get; init; }

    /// <summary>Seconds that running answers get when the server is stopped.</summary>
    public int DrainSeconds { get; init; } = 30;

    /// <summary>Seconds that a client may take nothing of a stream before it counts as gone.</summary>
    public double StalledSeconds { get; init; } = 600;

    /// <summary>Seconds between signs of life while nothing else is sent.</summary>
    public double HeartbeatSeconds { get; init; } = 5;

    /// <summary>Thinking mode of a request that says nothing.</summary>
    internal ThinkingMode DefaultMode(Dialect dialect) =>
        (dialect == Dialect.Anthropic ? ThinksByDefaultForAnthropic : ThinksByDefault) ? ThinkingMode.Thinking : ThinkingMode.Chat;
}

/// <summary>Prices of a hosted service in US dollars for a million tokens: by default those of deepseek-flash outside peak hours, as DeepSeek published them in November 2026.</summary>
/// <param name="CachedInput">Tokens of prompts from its cache.</param>
/// <param name="Input">Other tokens of prompts.</param>
/// <param name="Output">Tokens of answers.</param>
public sealed record TokenPrices(double CachedInput = 0.003, double Input = 0.15, double Output = 0.60)
{
    /// <summary>The price of a request in US dollars.</summary>
    public double Of(int promptTokens, int cachedTokens, int answerTokens) =>
        ((cachedTokens * CachedInput) + ((promptTokens - cachedTokens) * Input) + (answerTokens * Output)) / 1e6;
}
