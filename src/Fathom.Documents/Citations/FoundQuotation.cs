namespace Fathom.Documents.Citations;

/// <summary>A quotation as it stands in an answer.</summary>
internal readonly record struct FoundQuotation(string Text, int Start, int Length, QuotationForm Form);
