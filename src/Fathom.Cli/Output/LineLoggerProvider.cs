using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Fathom.Cli.Output;

/// <summary>Log lines on stderr, one each, above the status line.</summary>
internal sealed class LineLoggerProvider(StatusLine status) : ILoggerProvider
{
    private readonly Lock gate = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string text, Exception? exception)
    {
        lock (gate)
        {
            status.Clear();
            string mark = level switch { >= LogLevel.Error => "ERROR ", LogLevel.Warning => "WARNING ", _ => string.Empty };
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss} {mark}{text}"));
            if (exception is not null) Console.Error.WriteLine(exception);
        }
    }

    private sealed class LineLogger(LineLoggerProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) provider.Write(logLevel, formatter(state, exception), exception);
        }
    }
}
