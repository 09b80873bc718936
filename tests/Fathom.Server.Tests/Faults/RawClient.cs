using System.Net.Sockets;
using System.Text;

namespace Fathom.Server.Tests.Faults;

/// <summary>A client that writes HTTP by hand, so that it can do what no good client does.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket socket;
    private bool isGone;

    private RawClient(Socket socket) => this.socket = socket;

    /// <summary>Connects; little is buffered, so that who stops reading is soon felt.</summary>
    public static async Task<RawClient> ConnectAsync(TestServer server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096, NoDelay = true };
        await socket.ConnectAsync(server.Address.Host, server.Address.Port);
        return new RawClient(socket);
    }

    /// <summary>Sends a POST of JSON.</summary>
    public Task PostAsync(TestServer server, string path, string json) =>
        SendAsync($"POST {path} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    /// <summary>Sends text as it is.</summary>
    public async Task SendAsync(string text) => await socket.SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Reads at most so many bytes; an empty text when the server closed.</summary>
    public async Task<string> ReadAsync(int most = 65536)
    {
        var buffer = new byte[most];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
        }
        catch (SocketException)
        {
            return string.Empty;
        }
    }

    /// <summary>Reads until a text has come, or the server closed.</summary>
    public async Task<string> ReadUntilAsync(string wanted)
    {
        var all = new StringBuilder();
        while (!all.ToString().Contains(wanted, StringComparison.Ordinal))
        {
            string more = await ReadAsync();
            if (more.Length == 0) break;
            all.Append(more);
        }

        return all.ToString();
    }

    /// <summary>Goes away without a word.</summary>
    public void Dispose()
    {
        if (isGone) return;
        isGone = true;
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }
}
