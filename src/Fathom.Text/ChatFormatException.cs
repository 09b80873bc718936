namespace Fathom.Text;

/// <summary>Messages or a completion do not follow the chat format. The message is one sentence that says where and what.</summary>
public sealed class ChatFormatException : FormatException
{
    /// <summary>Describes the problem.</summary>
    public ChatFormatException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
