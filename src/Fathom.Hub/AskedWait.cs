using System.Globalization;
using System.Net.Http.Headers;

namespace Fathom.Hub;

/// <summary>
/// Reads how long a hub asks to wait: <c>Retry-After</c>, or <c>RateLimit: "resolvers";r=0;t=120</c>, a window's name, the
/// requests that it has left and the seconds until the next one.
/// </summary>
internal static class AskedWait
{
    /// <summary>The longest wait that the headers ask for; null when they ask for none.</summary>
    public static TimeSpan? Of(HttpResponseHeaders headers)
    {
        TimeSpan? wait = headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - DateTimeOffset.UtcNow is { Ticks: > 0 } left ? left : TimeSpan.Zero,
            _ => null,
        };
        if (!headers.TryGetValues("RateLimit", out IEnumerable<string>? windows)) return wait;
        foreach (string window in windows.SelectMany(value => value.Split(',')))
        {
            if (Number(window, "r") is 0 && Number(window, "t") is { } seconds && !(wait?.TotalSeconds > seconds)) wait = TimeSpan.FromSeconds(seconds);
        }

        return wait;
    }

    private static int? Number(string window, string name)
    {
        string? field = window.Split(';', StringSplitOptions.TrimEntries).FirstOrDefault(part => part.StartsWith(name + "=", StringComparison.Ordinal));
        return field is not null && int.TryParse(field.AsSpan(name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
    }
}
