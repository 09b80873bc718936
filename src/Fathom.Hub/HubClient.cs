using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Fathom.Hub;

/// <summary>Speaks with a hub over HTTP. It knows requests, redirects and refusals, and nothing of files on this machine.</summary>
public sealed class HubClient : IDisposable
{
    private const int MostRedirects = 10;
    private const int MostListingBytes = 64 << 20;

    private static readonly TimeSpan BetweenNotices = TimeSpan.FromSeconds(30);

    private readonly HttpClient http;
    private long lastNotice = long.MinValue / 2;

    /// <summary>Makes a client; nothing is sent yet.</summary>
    public HubClient(HubOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        Pauses = new HostPauses(options.FirstDelay);

        // Redirects are followed by hand: the token must stay with the hub.
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = options.StallTimeout, MaxConnectionsPerServer = options.Connections + 2 })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("fathom/0.1");
        http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("identity");
    }

    /// <summary>Where the hub is and how patient to be.</summary>
    public HubOptions Options { get; }

    /// <summary>Told what a person should know while requests wait, from any thread, at most twice a minute.</summary>
    public Action<string>? Notice { get; set; }

    /// <summary>Hosts that asked to be left alone.</summary>
    internal HostPauses Pauses { get; }

    /// <summary>Whether the hub has answered anything yet, so that its address is right and a failure may pass.</summary>
    internal bool HasAnswered { get; private set; }

    /// <summary>Asks for the files of a repository.</summary>
    /// <exception cref="HubException">The hub refuses, cannot be reached, or answers nonsense.</exception>
    public async Task<HubListing> ListAsync(ModelName name, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        var budget = new RetryBudget(this);
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await SendAsync(name, null, $"api/models/{name.Repository}/revision/{Uri.EscapeDataString(name.Revision)}?blobs=true", null, cancellation).ConfigureAwait(false);
                return HubListingReader.Read(name, await ReadAllAsync(response, name, cancellation).ConfigureAwait(false));
            }
            catch (TransientException failure)
            {
                await budget.WaitAsync(failure, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Opens a file at some bytes; the answer is 206 with them, or 200 with the whole file where ranges are not known.</summary>
    /// <param name="listing">The commit.</param>
    /// <param name="file">The file.</param>
    /// <param name="range">First and last byte.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="HubException">Another attempt would not help.</exception>
    /// <exception cref="TransientException">Another attempt might.</exception>
    internal Task<HttpResponseMessage> OpenAsync(HubListing listing, HubFile file, RangeHeaderValue range, CancellationToken cancellation)
    {
        string path = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
        return SendAsync(listing.Name, file, $"{listing.Name.Repository}/resolve/{listing.Commit}/{path}", range, cancellation);
    }

    /// <summary>Reads some bytes, and gives up on a connection that brings none for a while.</summary>
    /// <exception cref="TransientException">The connection broke or stalled.</exception>
    internal async Task<int> ReadAsync(Stream body, Memory<byte> buffer, string what, CancellationToken cancellation)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stall.CancelAfter(Options.StallTimeout);
        try
        {
            return await body.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException)
        {
            throw new TransientException($"The connection broke at {what}", inner: exception);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new TransientException($"Nothing came for {Options.StallTimeout.TotalSeconds:0.#} seconds at {what}", inner: exception);
        }
    }

    /// <summary>Tells why requests wait, unless something was told lately: connections that fail together have one reason.</summary>
    internal void Say(string notice)
    {
        long now = Environment.TickCount64, before = Interlocked.Read(ref lastNotice);
        if (now - before > BetweenNotices.TotalMilliseconds && Interlocked.CompareExchange(ref lastNotice, now, before) == before) Notice?.Invoke(notice);
    }

    /// <summary>Closes all connections.</summary>
    public void Dispose() => http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(ModelName name, HubFile? file, string relative, RangeHeaderValue? range, CancellationToken cancellation)
    {
        var hub = new Uri(Options.Endpoint.AbsoluteUri.TrimEnd('/') + "/");
        var address = new Uri(hub, relative);
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            bool isElsewhere = !IsSameHost(hub, address);
            HttpResponseMessage response = await SendOnceAsync(address, isElsewhere ? null : Options.Token, range, cancellation).ConfigureAwait(false);
            try
            {
                if (!isElsewhere && file?.Sha256 is { } expected && LinkedHash(response) is { } found && found != expected)
                    throw HubAnswer.Changed($"{file.Path} of {name}", "its hash is another one");
                if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
                {
                    HubAnswer.Check(response, Options, name, file?.Path, isElsewhere);
                    HasAnswered = true;
                    return response;
                }

                Uri next = response.Headers.Location is { } location ? new Uri(address, location) : throw new HubException(HubProblem.BadAnswer, $"{address.Host} redirects to nowhere.");
                if (next.Scheme != "https" && !(next.Scheme == "http" && address.Scheme == "http"))
                    throw new HubException(HubProblem.BadAnswer, $"{address.Host} redirects to the unencrypted address {next.Scheme}://{next.Host}; nothing is fetched from there.");
                address = next;
            }
            catch
            {
                response.Dispose();
                throw;
            }

            response.Dispose();
        }

        throw new HubException(HubProblem.BadAnswer, $"{hub.Host} redirects more than {MostRedirects} times for {name}.");
    }

    private async Task<HttpResponseMessage> SendOnceAsync(Uri address, string? token, RangeHeaderValue? range, CancellationToken cancellation)
    {
        await Pauses.WaitAsync(address.Authority, cancellation).ConfigureAwait(false);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Range = range;
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stall.CancelAfter(Options.StallTimeout);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (exception is { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException })
        {
            throw new HubException(HubProblem.Network, $"The encrypted connection to {address.Host} failed: {(exception.InnerException ?? exception).Message.TrimEnd('.')}.", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException)
        {
            throw new TransientException($"{address.Authority} cannot be reached ({(exception.InnerException ?? exception).Message.TrimEnd('.')})", inner: exception);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new TransientException($"{address.Authority} did not answer for {Options.StallTimeout.TotalSeconds:0.#} seconds", inner: exception);
        }
    }

    private async Task<byte[]> ReadAllAsync(HttpResponseMessage response, ModelName name, CancellationToken cancellation)
    {
        using var all = new MemoryStream();
        using Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var buffer = new byte[64 << 10];
        for (int count; (count = await ReadAsync(body, buffer, $"the list of files of {name}", cancellation).ConfigureAwait(false)) > 0;)
        {
            all.Write(buffer, 0, count);
            if (all.Length > MostListingBytes) throw new HubException(HubProblem.BadAnswer, $"The hub's list of files of {name} is longer than {MostListingBytes >> 20} MB.");
        }

        return all.ToArray();
    }

    // The hub says the hash of a large file where it redirects to the content network.
    private static string? LinkedHash(HttpResponseMessage response)
    {
        string? tag = response.Headers.TryGetValues("X-Linked-Etag", out IEnumerable<string>? tags) ? tags.FirstOrDefault()?.Trim('"') : null;
        return HubListingReader.IsHex(tag, 64) ? tag : null;
    }

    private static bool IsSameHost(Uri one, Uri other) => one.Scheme == other.Scheme && one.Host == other.Host && one.Port == other.Port;
}
