namespace Fathom.Documents;

/// <summary>How a quotation is marked.</summary>
public enum QuotationForm
{
    /// <summary>By quotation marks.</summary>
    Marks,

    /// <summary>By backticks.</summary>
    Code,

    /// <summary>By <c>&gt;</c> before its lines.</summary>
    Block,
}
