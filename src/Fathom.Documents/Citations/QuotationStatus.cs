namespace Fathom.Documents;

/// <summary>What became of a quotation.</summary>
public enum QuotationStatus
{
    /// <summary>Its words stand in the documents; where a citation follows it, in what is cited.</summary>
    Verified,

    /// <summary>Its words stand in the documents, but not where the citation after it says.</summary>
    FoundElsewhere,

    /// <summary>Its words stand nowhere in the documents in this order.</summary>
    NotFound,
}
