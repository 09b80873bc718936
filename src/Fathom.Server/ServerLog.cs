using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fathom.Server;

/// <summary>The server's log lines. None but <see cref="Texts(HttpContext, string, string)"/> has text of a request or an answer.</summary>
internal static partial class ServerLog
{
    /// <summary>A request failed.</summary>
    public static void Failed(HttpContext context, Exception exception, int status)
    {
        ILogger logger = Of(context);
        string id = RequestIds.Of(context), path = context.Request.Path, reason = exception.Message.ReplaceLineEndings(" ");
        if (status >= 500) Defect(logger, id, path, exception);
        else Refused(logger, id, path, status, reason);
    }

    /// <summary>A request was answered.</summary>
    public static void Answered(HttpContext context, int prompt, int cached, string source, int answer, double seconds)
    {
        ILogger logger = Of(context);
        string id = RequestIds.Of(context), path = context.Request.Path;
        Answered(logger, id, path, prompt, cached, source, answer, seconds);
    }

    /// <summary>The reply is empty because all its tokens went into reasoning.</summary>
    public static void OnlyReasoned(HttpContext context, int tokens)
    {
        ILogger logger = Of(context);
        string id = RequestIds.Of(context);
        OnlyReasoned(logger, id, tokens);
    }

    /// <summary>The reply goes round in circles.</summary>
    public static void Repeats(HttpContext context, int period, int times)
    {
        ILogger logger = Of(context);
        string id = RequestIds.Of(context);
        Repeats(logger, id, period, times);
    }

    /// <summary>What was asked and answered; only for who asked to see it.</summary>
    public static void Texts(HttpContext context, string prompt, string answer)
    {
        ILogger logger = Of(context);
        string id = RequestIds.Of(context);
        Texts(logger, id, prompt, answer);
    }

    private static ILogger Of(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Fathom.Server");

    [LoggerMessage(Level = LogLevel.Error, Message = "{Id} {Path} failed")]
    private static partial void Defect(ILogger logger, string id, string path, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id} {Path} refused with {Status}: {Reason}")]
    private static partial void Refused(ILogger logger, string id, string path, int status, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id} {Path}: {Prompt} prompt tokens, {Cached} of them cached ({Source}), {Answer} answer tokens in {Seconds:0.00} s")]
    private static partial void Answered(ILogger logger, string id, string path, int prompt, int cached, string source, int answer, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Id}: all {Tokens} tokens went into reasoning and the reply is empty; raise the request's limit of tokens, or give a reasoning budget")]
    private static partial void OnlyReasoned(ILogger logger, string id, int tokens);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id} prompt:\n{Prompt}\n{Id} answer:\n{Answer}")]
    private static partial void Texts(ILogger logger, string id, string prompt, string answer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Id}: the reply repeats the same {Period} tokens {Times} times")]
    private static partial void Repeats(ILogger logger, string id, int period, int times);
}
