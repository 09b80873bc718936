using System.Net;

namespace Fathom.Hub;

/// <summary>Turns the hub's refusals into sentences, or into another attempt.</summary>
internal static class HubAnswer
{
    /// <summary>Does nothing for an answer of success.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="options">The hub.</param>
    /// <param name="name">The repository that was asked about.</param>
    /// <param name="path">The file that was asked for; null for the list of files.</param>
    /// <param name="isElsewhere">Whether another host than the hub answered, to which the hub had sent us.</param>
    /// <exception cref="HubException">Another attempt would not help.</exception>
    /// <exception cref="TransientException">Another attempt might.</exception>
    public static void Check(HttpResponseMessage response, HubOptions options, ModelName name, string? path, bool isElsewhere)
    {
        if (response.IsSuccessStatusCode) return;
        string what = path is null ? name.ToString() : $"{path} of {name}";
        string host = response.RequestMessage?.RequestUri?.Host ?? options.Endpoint.Host;
        string page = $"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{name.Repository}";
        string code = response.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? codes) ? codes.FirstOrDefault() ?? string.Empty : string.Empty;
        string said = Said(response);
        switch (response.StatusCode)
        {
            // Addresses of a content network are signed for a short time; the hub makes a new one. A hub itself says a code.
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when isElsewhere && path is not null && code.Length == 0:
                throw new TransientException($"{host} refused {what} ({(int)response.StatusCode})");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when isElsewhere:
                throw new HubException(HubProblem.Refused, $"{options.Endpoint.Host} sends on to {host}, which refuses {what}{said}; a token is shown to the endpoint alone, so use --endpoint {response.RequestMessage?.RequestUri?.GetLeftPart(UriPartial.Authority)}.");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when code == "GatedRepo":
                throw new HubException(HubProblem.Refused, $"{name} is gated: accept its licence at {page} and set HF_TOKEN to a token of that account{said}.");
            case HttpStatusCode.Unauthorized when options.Token is null:
                throw new HubException(HubProblem.Refused, $"The hub wants a token for {name}, or has no such repository: check the name, or set HF_TOKEN to your token{said}.");
            case HttpStatusCode.Unauthorized:
                throw new HubException(HubProblem.Refused, $"The hub does not accept the token for {name}: check {options.TokenSource}, or take it away for a public model{said}.");
            case HttpStatusCode.Forbidden when options.Token is null:
                throw new HubException(HubProblem.Refused, $"The hub does not give {what} to everybody: accept the licence at {page}, if it has one, and set HF_TOKEN to your token{said}.");
            case HttpStatusCode.Forbidden:
                throw new HubException(HubProblem.Refused, $"Your token may not read {what}: accept the licence at {page}, if it has one, and check what the token of {options.TokenSource} may do{said}.");
            case HttpStatusCode.NotFound or HttpStatusCode.Gone when path is not null:
                throw new HubException(HubProblem.NotFound, $"The hub lists {what} but does not have it; pull again, or leave it out with --exclude.");
            case HttpStatusCode.NotFound or HttpStatusCode.Gone when code == "RevisionNotFound":
                throw new HubException(HubProblem.NotFound, $"{name.Repository} has no revision '{name.Revision}'; look at {page}.");
            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                throw new HubException(HubProblem.NotFound, $"{options.Endpoint.Host} has no model {name}; check the name at {page}, or set HF_TOKEN if it is private.");
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                throw Changed(what, $"{response.Content.Headers.ContentRange?.Length?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "fewer"} bytes");
            case HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable:
                throw new TransientException($"{host} is busy ({(int)response.StatusCode})", response.RequestMessage?.RequestUri?.Authority ?? options.Endpoint.Authority, AskedWait.Of(response.Headers));
            case HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError:
                throw new TransientException($"{host} failed ({(int)response.StatusCode}) at {what}", retryAfter: AskedWait.Of(response.Headers));
            default:
                throw new HubException(HubProblem.BadAnswer, $"{host} answered {(int)response.StatusCode} for {what}{said}; look at {page}.");
        }
    }

    /// <summary>The error for a file that is no longer what was listed.</summary>
    public static HubException Changed(string what, string found) =>
        new(HubProblem.Changed, $"The file {what} changed at the hub while it was fetched ({found}); pull again.");

    // What the hub itself says about a refusal, for people.
    private static string Said(HttpResponseMessage response)
    {
        string text = response.Headers.TryGetValues("X-Error-Message", out IEnumerable<string>? texts) ? HubListingReader.Clip(texts.FirstOrDefault()?.Trim().TrimEnd('.') ?? string.Empty) : string.Empty;
        return text.Length > 0 ? $" (it says: {text})" : string.Empty;
    }
}
