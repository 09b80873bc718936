namespace Fathom.Text;

/// <summary>A token that stands outside the merges: markup such as a role marker.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Content">Its literal text.</param>
/// <param name="IsSpecial">Whether decoding may hide it. Encoding matches special and other added tokens alike.</param>
/// <param name="IsNormalized">Whether it is matched after the tokens that are not normalized.</param>
public sealed record AddedToken(int Id, string Content, bool IsSpecial, bool IsNormalized);
