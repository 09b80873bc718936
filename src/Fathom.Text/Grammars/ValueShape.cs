namespace Fathom.Text.Grammars;

/// <summary>How a value of a schema is written down.</summary>
internal enum ValueShape
{
    /// <summary>As JSON.</summary>
    Json,

    /// <summary>As JSON, when it is no string.</summary>
    JsonNoText,

    /// <summary>A string as it is, up to and with the closing tag of a parameter.</summary>
    RawText,

    /// <summary>An object as the parameters of a tool call.</summary>
    Arguments,
}
