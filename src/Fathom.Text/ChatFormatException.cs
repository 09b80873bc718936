namespace Fathom.Text;

/// <summary>Messages or a completion do not follow the chat format. The message is one sentence that says where and what.</summary>
public sealed class ChatFormatException : FormatException
{
    /// <summary>Describes the problem.</summary>
    public ChatFormatException(string message, Exception? inner = null)
        : base(Clip(message), inner)
    {
    }

    // Roles and names come from files and may be anything.
    private static string Clip(string message) => message.Length > 400 ? message[..400] + "…" : message;
}
