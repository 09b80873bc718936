namespace Fathom.Checkpoints.Gguf;

/// <summary>A value of metadata as a file has it, so that it goes into another with the same type.</summary>
/// <param name="Type">Its type in the file.</param>
/// <param name="Bytes">Its bytes there.</param>
/// <param name="Text">What it says, when it is a text.</param>
internal sealed record GgufValue(uint Type, byte[] Bytes, string? Text);
