namespace Fathom.Documents;

/// <summary>Why something was not read.</summary>
public enum SkipReason
{
    /// <summary>Nothing stands at the path, or it is no file and no folder.</summary>
    NotFound,

    /// <summary>The system refused to open it.</summary>
    Unreadable,

    /// <summary>A .gitignore file says so.</summary>
    Ignored,

    /// <summary>A folder of foreign or generated files, such as <c>node_modules</c> or <c>bin</c>.</summary>
    Vendored,

    /// <summary>A symbolic link; links are followed only where they are named themselves.</summary>
    Link,

    /// <summary>Nothing is in it.</summary>
    Empty,

    /// <summary>Pictures, programs and other files that hold no text.</summary>
    Binary,

    /// <summary>A format that holds text but is not read here.</summary>
    Unsupported,

    /// <summary>It needs a password.</summary>
    Encrypted,

    /// <summary>It is broken or cut off.</summary>
    Damaged,

    /// <summary>It is larger than the limits, or would become so when unpacked.</summary>
    TooLarge,

    /// <summary>Reading it took longer than the limit.</summary>
    TooSlow,

    /// <summary>Its name or shape is that of an attack.</summary>
    Unsafe,

    /// <summary>Pages without text, most likely scanned pictures.</summary>
    NoText,
}
